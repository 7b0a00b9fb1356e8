package io.github.djlblocks.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Trainers of DJL change an adapter and nothing else. */
class AdapterTrainingTest {

    @TempDir Path directory;

    /** The matrices of a layer: queries and output, keys and values, and the three of SwiGLU. */
    private static final long LAYER = 2 * 12 * 16 + 2 * 12 * 8 + 3 * 12 * 20;

    private static final LoraConfig LORA =
            LoraConfig.builder().optRank(2).optAlpha(4).optDropout(0.1).setAllLinear().build();
    private static final LoraConfig DORA =
            LoraConfig.builder().optRank(2).optAlpha(4).optDora(true).setTargets("up_proj").build();

    @EachEngine(leavesNothingOpen = true)
    void train_eitherKind_changesTheAdapterAlone(NDManager manager, EngineUnderTest engine) {
        for (LoraConfig config : new LoraConfig[] {LORA, DORA}) {
            ModelDescription llama = AdaptedModels.llama();
            engine.engine().setRandomSeed(5);
            KernelBlock base = AdaptedModels.initialized(llama, manager);
            Adapters adapters = Adapters.of(base, llama, manager);
            adapters.add("other", DORA);
            adapters.add("story", config);
            Map<String, double[]> before = AdaptedModels.numbers(base);

            double[] losses = train(adapters.block("story"), engine, manager);

            assertThat(losses[29]).isLessThan(0.8 * losses[0]);
            requireOnlyChanged(base, before);
        }
    }

    private static void requireOnlyChanged(Block base, Map<String, double[]> before) {
        AdaptedModels.numbers(base)
                .forEach(
                        (path, values) -> {
                            if (path.contains(".adapters.story.")) {
                                assertThat(values).as(path).isNotEqualTo(before.get(path));
                            } else {
                                assertThat(values).as(path).isEqualTo(before.get(path));
                            }
                        });
    }

    private static double[] train(Block block, EngineUnderTest engine, NDManager manager) {
        try (Model model = Model.newInstance("adapted", Device.cpu(), engine.engineName())) {
            model.setBlock(block);
            return train(model, manager);
        }
    }

    private static double[] train(Model model, NDManager manager) {
        double[] losses = new double[30];
        Optimizer optimizer = Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.02f)).build();
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optDevices(new Device[] {Device.cpu()})
                        .optOptimizer(optimizer);
        try (Trainer trainer = model.newTrainer(config)) {
            NDArray ids = AdaptedModels.ids(manager).get(0);
            NDArray next = manager.create(new long[][] {{1, 4, 1, 5, 9}, {2, 6, 5, 3, 5}});
            for (int step = 0; step < losses.length; step++) {
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDArray logits = trainer.forward(new NDList(ids)).get(0);
                    NDArray loss =
                            trainer.getLoss()
                                    .evaluate(
                                            new NDList(next.reshape(10, 1)),
                                            new NDList(logits.reshape(10, 13)));
                    collector.backward(loss);
                    losses[step] = loss.getFloat();
                }
                trainer.step();
            }
        }
        return losses;
    }

    /** DJL unfreezes everything of a model whose block it has loaded, on PyTorch. */
    @EachEngine
    void newTrainer_modelThatWasLoaded_keepsTheBaseFrozen(NDManager manager, EngineUnderTest engine)
            throws IOException, MalformedModelException {
        engine.engine().setRandomSeed(5);
        try (Model saved = Model.newInstance("llama", Device.cpu(), engine.engineName())) {
            Block block = declared(AdaptedModels.llama().newBlock());
            block.initialize(saved.getNDManager(), DataType.FLOAT32, new Shape(1, 2));
            saved.setBlock(block);
            saved.save(directory, "llama");
        }
        try (Model model = Model.newInstance("llama", Device.cpu(), engine.engineName())) {
            Block base = AdaptedModels.llama().newBlock();
            model.setBlock(declared(base));
            model.load(directory, "llama");
            Adapters.of(base, model.getNDManager()).train("story");
            Map<String, double[]> before = AdaptedModels.numbers(base);

            train(model, manager);

            requireOnlyChanged(base, before);
            assertThat(Freezing.report(base).trained()).isEqualTo(2 * 14);
        }
    }

    private static Block declared(Block base) {
        Adapters.declare(base, "story", LORA);
        return AdaptedBlock.of(base, "story");
    }

    @EachEngine
    void freeze_pattern_holdsThroughATrainerOfALoadedModel(
            NDManager manager, EngineUnderTest engine) throws IOException, MalformedModelException {
        try (Model saved = Model.newInstance("llama", Device.cpu(), engine.engineName())) {
            saved.setBlock(AdaptedModels.initialized(AdaptedModels.llama(), saved.getNDManager()));
            saved.save(directory, "llama");
        }
        try (Model model = Model.newInstance("llama", Device.cpu(), engine.engineName())) {
            Block block = AdaptedModels.llama().newBlock();
            model.setBlock(block);
            model.load(directory, "llama");
            block.freezeParameters(false);
            Map<String, double[]> before = AdaptedModels.numbers(block);
            assertThat(Freezing.freeze(block, "layers\\.0\\..*|embedding\\..*"))
                    .isEqualTo(
                            new Freezing.Report(
                                    10, 13 * 12 + 2 * 12 + LAYER, 11, 12 + 13 * 12 + 24 + LAYER));

            train(model, manager);

            AdaptedModels.numbers(block)
                    .forEach(
                            (path, values) -> {
                                boolean frozen =
                                        path.startsWith("layers.0.")
                                                || path.startsWith("embedding.");
                                assertThat(Arrays.equals(values, before.get(path)))
                                        .as(path)
                                        .isEqualTo(frozen);
                            });
            assertThat(Freezing.unfreeze(block, ".*").frozen()).isZero();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Freezing.freeze(block, "layers"))
                    .withMessage(
                            "'layers' matches no parameter: it must match a whole path, as"
                                    + " embedding.weight");
        }
    }

    @EachEngine
    void declare_savedByDjl_isLoadedWithTheModel(NDManager manager, EngineUnderTest engine)
            throws IOException, MalformedModelException {
        ModelDescription llama = AdaptedModels.llama();
        NDArray expected;
        try (Model saved = Model.newInstance("llama", Device.cpu(), engine.engineName())) {
            Block block = llama.newBlock();
            Adapters.declare(block, "story", LoraConfig.builder().setTargets("query").build());
            block.initialize(saved.getNDManager(), DataType.FLOAT32, new Shape(1, 2));
            AdaptedModels.randomize(block, "story");
            saved.setBlock(block);
            saved.save(directory, "llama");
            expected = AdaptedModels.forward(block, manager, "story");
        }
        try (Model model = Model.newInstance("llama", Device.cpu(), engine.engineName())) {
            Block block = llama.newBlock();
            Adapters.declare(block, "story", LoraConfig.builder().setTargets("query").build());
            model.setBlock(block);
            model.load(directory, "llama");

            assertThat(AdaptedModels.forward(block, manager, "story").toFloatArray())
                    .isEqualTo(expected.toFloatArray());
            assertThat(ParameterPaths.of(block))
                    .containsKey("layers.1.attention.sublayer.query.adapters.story.loraA");
        }
    }
}

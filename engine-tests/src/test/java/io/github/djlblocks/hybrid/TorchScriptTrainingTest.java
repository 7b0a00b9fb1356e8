package io.github.djlblocks.hybrid;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.Batchifier;
import io.github.djlblocks.adapter.Freezing;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;

/** Gradients of modules, and which of their parameters train. */
class TorchScriptTrainingTest {

    private static final double EXACT = 2e-6;
    private static final double[] FACTORS = {1, 2, 3};

    @TempDir private Path directory;

    private static Map<String, double[]> gradients(
            EngineUnderTest engine, Block block, NDManager manager, NDArray... inputs) {
        try (GradientCollector collector = engine.engine().newGradientCollector()) {
            NDArray y = Modules.run(block, manager, true, inputs).get(0);
            NDArray factors = manager.create(new float[] {1, 2, 3}).duplicate();
            collector.backward(y.square().mul(factors).sum());
        }
        Map<String, double[]> gradients = new TreeMap<>();
        block.getParameters()
                .forEach(
                        pair -> {
                            NDArray array = pair.getValue().getArray();
                            if (array.hasGradient()) {
                                gradients.put(pair.getKey(), doubles(array.getGradient()));
                            }
                        });
        return gradients;
    }

    private static double[] doubles(NDArray array) {
        float[] floats = array.toFloatArray();
        double[] values = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            values[i] = floats[i];
        }
        return values;
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void backward_everyParameter_hasPyTorchsGradient(EngineUnderTest engine, NDManager manager)
            throws Exception {
        TorchScriptBlock block = Modules.tagger().optTrainable(true).optTrainMode(false).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        // Other lengths before and after: nothing compiled for one may meet the other.
        NDArray other = manager.create(new long[] {7, 0, 3, 3}, new Shape(1, 4));
        gradients(engine, block, manager, other);
        block.getParameters().forEach(pair -> pair.getValue().getArray().getGradient().muli(0f));

        Map<String, double[]> gradients = gradients(engine, block, manager, Modules.ids(manager));

        assertThat(gradients.keySet()).contains("emb.weight", "layers.0.weight", "layers.1.weight");
        assertThat(gradients).hasSize(9);
        gradients.forEach(
                (name, actual) -> {
                    String first = name.equals("layers.1.weight") ? "layers.0.weight" : name;
                    assertThat(actual)
                            .as(name)
                            .containsExactly(
                                    Modules.gradient(first),
                                    org.assertj.core.data.Offset.offset(3e-6));
                });
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void tied_weight_isOneParameter(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        ParameterList parameters = block.getParameters();
        assertThat(parameters.get("layers.1.weight")).isSameAs(parameters.get("layers.0.weight"));

        NDArray ids = Modules.ids(manager);
        NDArray before = Modules.infer(block, manager, ids).get(0);
        parameters.get("layers.0.weight").getArray().muli(0f);
        parameters.get("layers.0.bias").getArray().muli(0f);
        NDArray after = Modules.infer(block, manager, ids).get(0);
        assertThat(after.toFloatArray()).isNotEqualTo(before.toFloatArray());
        // Of h W^T + b nothing but the second layer's bias is left, where W is that of both.
        float[] bias = parameters.get("layers.1.bias").getArray().toFloatArray();
        assertThat(after.get("0").toFloatArray()).isEqualTo(bias);
        assertThat(after.get("1").toFloatArray()).isEqualTo(bias);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void tied_twoTensorsOfOneMemory_areOneParameter(EngineUnderTest engine, NDManager manager)
            throws Exception {
        TorchScriptBlock block =
                TorchScriptBlock.builder()
                        .setFile(Modules.file("shared.pt"))
                        .optTrainable(true)
                        .build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        Parameter weight = block.getParameters().get("one.weight");
        assertThat(block.getParameters().get("two.weight")).isSameAs(weight);
        weight.getArray().muli(0f).addi(1f);
        NDArray x = manager.create(new float[] {1, 2}, new Shape(1, 2));

        // y = W W x of ones is 6, 6; d(y1 + y2)/dW is W^T 1 x^T + 1 (W x)^T.
        assertThat(Modules.infer(block, manager, x).get(0))
                .isExactly(new double[] {6, 6}, new Shape(1, 2));
        try (GradientCollector collector = engine.engine().newGradientCollector()) {
            collector.backward(Modules.run(block, manager, true, x).get(0).sum());
        }
        assertThat(weight.getArray().getGradient())
                .isExactly(new double[] {2 + 3, 4 + 3, 2 + 3, 4 + 3}, new Shape(2, 2));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void training_mode_dropsOutAndTakesStatistics(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDArray ids = Modules.ids(manager);

        Modules.infer(block, manager, ids);
        assertThat(block.state().readDoubles("bn.num_batches_tracked")).containsExactly(0);
        Modules.run(block, manager, true, ids);
        assertThat(block.state().readDoubles("bn.num_batches_tracked")).containsExactly(1);
        assertThat(block.state().readDoubles("bn.running_mean"))
                .containsExactly(
                        Modules.expected("running_mean"),
                        org.assertj.core.data.Offset.offset(EXACT));
        NDArray one = Modules.infer(block, manager, ids).get(0);
        NDArray two = Modules.infer(block, manager, ids).get(0);
        assertThat(one).isExactly(two);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_inference_hasNoGraph(EngineUnderTest engine, NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().optTrainable(true).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        try (GradientCollector collector = engine.engine().newGradientCollector()) {
            NDArray y = Modules.infer(block, manager, Modules.ids(manager)).get(0);
            assertThat(y.hasGradient()).isFalse();
            // A part that is not trained may stand before one that is.
            NDArray w = manager.ones(new Shape(3));
            w.setRequiresGradient(true);
            collector.backward(y.mul(w).sum());
            double[] plain = Modules.expected("plain");
            double[] sums = {plain[0] + plain[3], plain[1] + plain[4], plain[2] + plain[5]};
            assertThat(w.getGradient()).isWithin(EXACT, sums, new Shape(3));
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void backward_frozenModuleInTheMiddle_reachesWhatIsBefore(
            EngineUnderTest engine, NDManager manager) throws Exception {
        TorchScriptBlock middle =
                TorchScriptBlock.builder().setFile(Modules.file("traced.pt")).build();
        Block model =
                new SequentialBlock()
                        .add(Linear.withBias(3, 4))
                        .add(middle)
                        .add(Linear.withBias(2, 3));
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3));

        NDArray x = manager.arange(6f).reshape(2, 3).duplicate();
        Map<String, double[]> gradients = gradients(engine, model, manager, x);

        assertThat(gradients)
                .containsOnlyKeys(
                        "01Linear_weight", "01Linear_bias", "03Linear_weight", "03Linear_bias");
        // By a difference: the loss at two values of one weight before the module.
        NDArray weight = model.getParameters().get("01Linear_weight").getArray();
        double epsilon = 1e-2;
        double up = loss(model, manager, x, weight, epsilon);
        double down = loss(model, manager, x, weight, -epsilon);
        assertThat(Objects.requireNonNull(gradients.get("01Linear_weight"))[1])
                .isCloseTo(
                        (up - down) / (2 * epsilon),
                        org.assertj.core.data.Offset.offset(Math.abs(up) * 2e-3 + 1e-4));
    }

    private static double loss(
            Block model, NDManager manager, NDArray x, NDArray weight, double step) {
        float[] kept = weight.toFloatArray();
        float[] moved = kept.clone();
        moved[1] += (float) step;
        weight.set(
                new ai.djl.ndarray.index.NDIndex("..."), manager.create(moved, weight.getShape()));
        double[] y = doubles(Modules.infer(model, manager, x).get(0));
        weight.set(
                new ai.djl.ndarray.index.NDIndex("..."), manager.create(kept, weight.getShape()));
        double loss = 0;
        for (int i = 0; i < y.length; i++) {
            loss += y[i] * y[i] * FACTORS[i % 3];
        }
        return loss;
    }

    private static SequentialBlock classifier(boolean trainable) throws Exception {
        return new SequentialBlock()
                .add(
                        Modules.tagger()
                                .optMethod("vector")
                                .optTrainable(name -> trainable && name.startsWith("lin"))
                                .build())
                .add(Linear.withBias(3, 2));
    }

    private static Trainer trainer(Model model) {
        Trainer trainer =
                model.newTrainer(
                        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                                .optDevices(new Device[] {Device.cpu()})
                                .optOptimizer(
                                        Optimizer.sgd()
                                                .setLearningRateTracker(Tracker.fixed(0.1f))
                                                .build()));
        trainer.initialize(new Shape(2, 3));
        return trainer;
    }

    private static void step(Trainer trainer) {
        NDManager manager = trainer.getManager().newSubManager();
        NDList data = new NDList(Modules.ids(manager));
        NDList labels = new NDList(manager.create(new long[] {0, 1}));
        try (Batch batch =
                new Batch(manager, data, labels, 2, Batchifier.STACK, Batchifier.STACK, 0, 1)) {
            EasyTrain.trainBatch(trainer, batch);
            trainer.step();
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void trainer_someParametersTrainable_changesOnlyThose(NDManager manager) throws Exception {
        assertThat(manager.isOpen()).isTrue();
        try (Model model = Model.newInstance("hybrid", Device.cpu(), "PyTorch")) {
            SequentialBlock block = classifier(true);
            model.setBlock(block);
            try (Trainer trainer = trainer(model)) {
                Map<String, float[]> before = values(block);
                step(trainer);
                step(trainer);
                Map<String, float[]> after = values(block);
                before.forEach(
                        (name, values) -> {
                            boolean trained = name.contains("lin.") || name.contains("Linear");
                            if (trained) {
                                assertThat(after.get(name)).as(name).isNotEqualTo(values);
                            } else {
                                assertThat(after.get(name)).as(name).isEqualTo(values);
                            }
                        });
            }
        }
    }

    private static Map<String, float[]> values(Block block) {
        Map<String, float[]> values = new TreeMap<>();
        block.getParameters()
                .forEach(
                        pair ->
                                values.put(
                                        pair.getKey(), pair.getValue().getArray().toFloatArray()));
        return values;
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void newTrainer_modelThatWasLoaded_leavesFrozenParametersFrozen(NDManager manager)
            throws Exception {
        assertThat(manager.isOpen()).isTrue();
        try (Model model = Model.newInstance("hybrid", Device.cpu(), "PyTorch")) {
            SequentialBlock block = classifier(false);
            block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2, 3));
            model.setBlock(block);
            model.save(directory, "hybrid");
        }
        try (Model model = Model.newInstance("hybrid", Device.cpu(), "PyTorch")) {
            SequentialBlock block = classifier(false);
            model.setBlock(block);
            model.load(directory, "hybrid");
            try (Trainer trainer = trainer(model)) {
                Map<String, float[]> before = values(block);
                step(trainer);
                Map<String, float[]> after = values(block);
                assertThat(after.get("01TorchScriptBlock_lin.weight"))
                        .isEqualTo(before.get("01TorchScriptBlock_lin.weight"));
                assertThat(after.get("02Linear_weight"))
                        .isNotEqualTo(before.get("02Linear_weight"));
                Block body = block.getChildren().valueAt(0);
                assertThat(body.getParameters().values())
                        .noneMatch(Parameter::requiresGradient)
                        .noneMatch(parameter -> parameter.getArray().hasGradient());

                ((TorchScriptBlock) body).setTrainable(name -> name.equals("emb.weight"));
                step(trainer);
                assertThat(values(block).get("01TorchScriptBlock_emb.weight"))
                        .isNotEqualTo(before.get("01TorchScriptBlock_emb.weight"));
            }
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void freezeParameters_trainableBlock_staysFrozen(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().optTrainable(true).build();
        Block model = new SequentialBlock().add(block).add(new LambdaBlock(x -> x));
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        assertThat(block.getParameters().values()).allMatch(Parameter::requiresGradient);
        model.freezeParameters(true);
        model.freezeParameters(false);
        assertThat(block.getParameters().values()).noneMatch(Parameter::requiresGradient);
        block.freezeParameters(false, parameter -> true);
        assertThat(block.getParameters().values()).noneMatch(Parameter::requiresGradient);
        Freezing.unfreeze(model, ".*\\.lin\\.bias");
        assertThat(block.getParameters().values().stream().filter(Parameter::requiresGradient))
                .singleElement()
                .isSameAs(block.getParameters().get("lin.bias"));
        block.freezeParameters(false);
        List<Parameter> all = block.getParameters().values();
        assertThat(all).allMatch(Parameter::requiresGradient);
        assertThat(all).allMatch(parameter -> parameter.getArray().hasGradient());
    }
}

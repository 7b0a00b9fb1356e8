package io.github.djlblocks.samples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.adapter.Adapters;
import io.github.djlblocks.adapter.LoraConfig;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.torchscript.PassStatistics;
import io.github.djlblocks.training.TrainingStep;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickStartTest {

    /** The model that ships is no chat model: a template makes one of it. */
    @Test
    void streamAndChat_ofTheReadme_giveText(@TempDir Path directory)
            throws IOException, ModelException {
        Path model = CliTest.chatModel(directory);
        try (ZooModel<String, String> loaded =
                        HuggingFaceModels.textGeneration(model, "PyTorch", Device.cpu())
                                .build()
                                .loadModel();
                TextGenerator generator = TextGenerator.of(loaded)) {
            StringBuilder streamed = new StringBuilder();
            QuickStart.stream(generator, streamed::append);
            assertThat(streamed).isNotBlank().doesNotContain("\n\n");
            List<String> answers = new ArrayList<>();
            QuickStart.chat(generator, answers::add);
            assertThat(answers).isNotEmpty();
        }
    }

    @Test
    void train_ofTheReadme_learns(@TempDir Path directory) throws IOException {
        List<long[]> sequences = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            sequences.add(new long[] {i % 10, (i + 1) % 10, (i + 2) % 10, (i + 3) % 10});
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            CausalLanguageModel model = Decoders.languageModel(TrainStories.config(10, 8));
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
            List<TrainingStep> steps = new ArrayList<>();
            QuickStart.train(model, sequences, 12, directory, steps::add);
            assertThat(steps).hasSize(12);
            assertThat(steps.get(11).loss()).isLessThan(steps.get(0).loss() / 2);
            assertThat(directory.resolve("training.json")).exists();
        }
    }

    @Test
    void adapt_ofTheReadme_tellsWithTheAdapter(@TempDir Path directory)
            throws IOException, ModelException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Path story = ShippedModel.directory();
            CausalLanguageModel model =
                    HuggingFaceModels.load(story, manager, LoadOptions.defaults());
            Adapters others = Adapters.of(model, HuggingFaceModels.describe(story), manager);
            others.add("first", LoraConfig.builder().optDora(true).setAllLinear().build());
            others.save("first", directory.resolve("first"));
            List<Block> trained = new ArrayList<>();

            GenerationResult result =
                    QuickStart.adapt(
                            model,
                            story,
                            manager,
                            trained::add,
                            directory.resolve("story"),
                            directory.resolve("first"),
                            new long[][] {{1, 2, 3}},
                            GenerationOptions.of(4));

            assertThat(result.tokens()).hasSizeBetween(1, 4);
            assertThat(trained).hasSize(1);
            assertThat(others.names()).containsExactly("first", "other", "story");
            assertThat(directory.resolve("story").resolve("adapter_model.safetensors")).exists();
        }
    }

    @Test
    void export_ofTheReadme_runsAtOtherSizes(@TempDir Path directory)
            throws IOException, ModelException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Model model = Model.newInstance("block", "PyTorch")) {
            QuickStart.export(manager, directory.resolve("block.pt"));
            model.load(directory, "block.pt");
            NDList output =
                    model.getBlock()
                            .forward(
                                    new ParameterStore(manager, false),
                                    new NDList(manager.ones(new Shape(5, 100, 64))),
                                    false);
            assertThat(output.singletonOrThrow().getShape()).isEqualTo(new Shape(5, 100, 64));
            assertThat(model.getBlock().getDirectParameters().keys())
                    .contains("norm.weight", "sublayer.up.weight");
        }
    }

    @Test
    void exportDecoder_ofTheReadme_continuesASequence(@TempDir Path directory)
            throws IOException, ModelException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Model model = Model.newInstance("model", "PyTorch")) {
            Path file = directory.resolve("model.pt");
            QuickStart.exportDecoder(manager, ShippedModel.directory(), file);
            model.load(directory, "model.pt");
            for (String name : List.of("prefill", "decode")) {
                NDArray method = manager.create(0f);
                method.setName("module_method:" + name);
                NDArray ids = manager.create(new long[][] {{1, 7, 9}});
                NDArray logits =
                        model.getBlock()
                                .forward(
                                        new ParameterStore(manager, false),
                                        new NDList(method, ids),
                                        false)
                                .singletonOrThrow();
                assertThat(logits.getShape()).isEqualTo(new Shape(1, 1, 512));
            }
        }
    }

    @Test
    void compile_forward_runsCompiledWithinAStepOfItsWeights() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Linear model = Linear.withoutBias(64, 96);
            model.initialize(manager, DataType.FLOAT32, new Shape(2, 64));
            NDList input = new NDList(manager.randomNormal(new Shape(2, 64)));
            ParameterStore store = new ParameterStore(manager, false);
            NDArray plain = model.forward(store, input, false).singletonOrThrow();

            PassStatistics passes = QuickStart.compile(model, manager);
            NDArray compiled = model.forward(store, input, false).singletonOrThrow();

            assertThat(passes.compiled()).isEqualTo(1);
            assertThat(passes.portable()).isZero();
            // Half a step of 1/127 of the largest weight of a row, and as much of the inputs.
            double difference = compiled.sub(plain).norm().getFloat() / plain.norm().getFloat();
            assertThat(difference).isPositive().isLessThan(0.03);
        }
    }
}

package io.github.djlblocks.samples;

import ai.djl.Device;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.adapter.Adapters;
import io.github.djlblocks.adapter.LoraConfig;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.huggingface.ChatMessage;
import io.github.djlblocks.huggingface.ChatOptions;
import io.github.djlblocks.huggingface.ChatSession;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.huggingface.TextOptions;
import io.github.djlblocks.huggingface.TextStream;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.optimizer.WarmUpCosine;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.PassStatistics;
import io.github.djlblocks.torchscript.TorchScript;
import io.github.djlblocks.training.MaskedCrossEntropyLoss;
import io.github.djlblocks.training.TokenBatches;
import io.github.djlblocks.training.TrainingRun;
import io.github.djlblocks.training.TrainingStep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** The code of the README, as it stands there. */
public final class QuickStart {

    private QuickStart() {}

    /**
     * Runs the examples.
     *
     * @param args none
     * @throws IOException if the shipped model cannot be read or the exported one not written
     * @throws ModelException if the shipped model cannot be loaded
     */
    public static void main(String[] args) throws IOException, ModelException {
        generate(ShippedModel.directory(), System.out::print);
        System.out.println();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            System.out.println(feedForward(manager).getShape());
            Path file = Files.createTempDirectory("exported").resolve("block.pt");
            export(manager, file);
            System.out.println(file);
            exportDecoder(manager, ShippedModel.directory(), file.resolveSibling("model.pt"));
        }
    }

    static void generate(Path directory, Consumer<String> output)
            throws IOException, ModelException {
        // README: generate
        Criteria<String, String> criteria =
                HuggingFaceModels.textGeneration(directory, "PyTorch", Device.cpu()).build();
        try (ZooModel<String, String> model = criteria.loadModel();
                TextGenerator generator = TextGenerator.of(model)) {
            generator.generate("Once upon a time", generator.options(100), output);
        }
        // README: end
    }

    static void stream(TextGenerator generator, Consumer<String> output) {
        // README: stream
        TextOptions options =
                TextOptions.of(
                                generator.options(100).toBuilder()
                                        .optDoSample(true)
                                        .optTemperature(0.8)
                                        .optTopP(0.95)
                                        .optSeed(7)
                                        .build())
                        .withStopStrings("\n\n");
        try (TextStream text = generator.stream("Once upon a time", options)) {
            text.forEachRemaining(output);
        }
        // README: end
    }

    static void chat(TextGenerator generator, Consumer<String> output) {
        // README: chat
        try (ChatSession chat =
                generator.newChat(ChatOptions.defaults(), generator.textOptions())) {
            chat.add(ChatMessage.system("Answer in one sentence."));
            chat.send(ChatMessage.user("Where does the Rhine end?"), output);
            chat.send(ChatMessage.user("And where does it begin?"), output);
        }
        // README: end
    }

    static NDArray feedForward(NDManager manager) {
        // README: block
        SequentialBlock block = new SequentialBlock();
        block.add(
                Residual.pre(
                        RmsNorm.builder().setChannels(64).build(),
                        GatedFeedForward.of(
                                Linear.withoutBias(64, 176),
                                Linear.withoutBias(64, 176),
                                Linear.withoutBias(176, 64))));
        block.add(ai.djl.nn.core.Linear.builder().setUnits(10).build());
        block.initialize(manager, DataType.FLOAT32, new Shape(8, 64));
        NDList output =
                block.forward(
                        new ParameterStore(manager, false),
                        new NDList(manager.ones(new Shape(8, 64))),
                        false);
        // README: end
        return output.singletonOrThrow();
    }

    static PassStatistics compile(KernelBlock model, NDManager manager) {
        // README: compile
        model.freezeParameters(true);
        PassStatistics passes =
                TorchScript.compile(
                        model, manager, CompileOptions.defaults().withWeights(WeightFormat.INT8));
        // README: end
        return passes;
    }

    static void train(
            CausalLanguageModel model,
            List<long[]> sequences,
            long steps,
            Path directory,
            Consumer<TrainingStep> listener)
            throws IOException {
        // README: train
        try (AdamW optimizer =
                        AdamW.builder(model)
                                .optLearningRate(WarmUpCosine.toZero(1e-3, 10, 200))
                                .optWeightDecay(0.1)
                                .build();
                TrainingRun run =
                        TrainingRun.builder()
                                .setBlock(model)
                                .setLoss(new MaskedCrossEntropyLoss("smoothed", -100, 0.1))
                                .setOptimizer(optimizer)
                                .setData(TokenBatches.of(sequences, 8, 0, 1))
                                .optAccumulation(2)
                                .optClipNorm(1)
                                .build()) {
            run.run(steps, listener);
            run.save(directory); // and run.resume(directory) wherever it is to go on
        }
        // README: end
    }

    static GenerationResult adapt(
            CausalLanguageModel model,
            Path directory,
            NDManager manager,
            Consumer<Block> trainer,
            Path output,
            Path another,
            long[][] prompts,
            GenerationOptions options)
            throws IOException, ModelException {
        TokenGenerator generator = TokenGenerator.of(model, manager);
        // README: adapters
        Adapters adapters = Adapters.of(model, HuggingFaceModels.describe(directory), manager);
        adapters.add(
                "story",
                LoraConfig.builder()
                        .optRank(8)
                        .optAlpha(16)
                        .setTargets("q_proj", "v_proj")
                        .build());
        trainer.accept(adapters.block("story")); // changes the adapter alone
        adapters.save("story", output);
        adapters.load("other", another); // any directory of PEFT
        return generator
                .generate(prompts, options.withAdapter("story")) // withAdapter("other"), or none
                .get(0);
        // README: end
    }

    static void export(NDManager manager, Path file) throws IOException {
        // README: export
        Block block =
                Residual.pre(
                        RmsNorm.builder().setChannels(64).build(),
                        FeedForward.of(
                                Linear.withBias(64, 176),
                                Linear.withBias(176, 64),
                                ActivationFunction.GELU));
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 8, 64));
        TorchScript.export(
                block,
                file,
                ExportOptions.builder()
                        .addInput("x", new Shape(2, 8, 64), DataType.FLOAT32)
                        .build());
        // README: end
    }

    static void exportDecoder(NDManager manager, Path directory, Path file)
            throws IOException, ModelException {
        // README: decoder
        CausalLanguageModel model = HuggingFaceModels.load(directory, manager, DataType.FLOAT32);
        TorchScript.exportDecoder(
                model,
                file,
                DecoderExportOptions.builder()
                        .optWeights(WeightFormat.INT8)
                        .addExtraFile("tokenizer.json", directory.resolve("tokenizer.json"))
                        .build());
        // README: end
    }
}

package io.github.djlblocks.samples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.samples.stories.StoryCorpus;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how often the story model's text is right by the grammar it was trained on. */
@Command(
        name = "measure-stories",
        description = "Continues prompts of unseen stories and checks them by the grammar.")
public final class MeasureStories extends Program {

    @Option(names = "--model", description = "Directory. Default: the model that ships.")
    private @Nullable Path model;

    @Option(names = "--engine", description = "Engine. Default: ${DEFAULT-VALUE}.")
    private String engine = "PyTorch";

    @Option(names = "--prompts", description = "Prompts to draw. Default: ${DEFAULT-VALUE}.")
    private int prompts = 600;

    @Option(names = "--seed", description = "Seed of the corpus. Default: ${DEFAULT-VALUE}.")
    private int seed = 17;

    @Option(
            names = "--weights",
            description = "Weight format, such as bfloat16, int8, int4. Default: as they are.")
    private @Nullable String weights;

    private MeasureStories() {}

    /**
     * Runs the program.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        main(new MeasureStories(), args);
    }

    @Override
    public Integer call() throws IOException, MalformedModelException {
        StoryQuality quality =
                measure(
                        model == null ? ShippedModel.directory() : model,
                        engine,
                        prompts,
                        seed,
                        LoadOptions.of(weights == null ? Map.of() : Map.of("weights", weights)));
        PrintWriter out = out();
        quality.broken().forEach(out::println);
        out.printf(
                "%d of %d stories are right: %.1f%%%n",
                quality.valid(), quality.stories(), 100 * quality.share());
        return CommandLine.ExitCode.OK;
    }

    /** Measures on prompts of the validation part; equal prompts count once. */
    static StoryQuality measure(
            Path directory, String engine, int prompts, int seed, LoadOptions options)
            throws IOException, MalformedModelException {
        HuggingFaceModels.requireEngine(engine);
        try (NDManager manager = Engine.getEngine(engine).newBaseManager(Device.cpu());
                HuggingFaceTokenizer tokenizer =
                        HuggingFaceTokenizer.newInstance(
                                directory.resolve("tokenizer.json"),
                                Map.of("truncation", "false"))) {
            CausalLanguageModel block = HuggingFaceModels.load(directory, manager, options);
            return StoryQuality.measure(
                    block, manager, tokenizer, new StoryCorpus(seed).prompts(prompts));
        }
    }
}

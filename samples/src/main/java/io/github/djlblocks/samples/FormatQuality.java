package io.github.djlblocks.samples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.samples.stories.StoryCorpus;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What each weight format costs in quality: perplexity and error of logits of the story model, and
 * error of logits of a random model, against float64 blocks of the same weights.
 */
@Command(
        name = "format-quality",
        description = "Perplexity and logit error by weight format, compiled and portable.")
public final class FormatQuality extends Program {

    private static final List<String> FORMATS =
            List.of("float32", "float16", "bfloat16", "int8", "int4", "int4:64", "int4:128");

    @Option(names = "--engine", description = "Engine. Default: ${DEFAULT-VALUE}.")
    private String engine = "PyTorch";

    @Option(names = "--stories", description = "Unseen stories. Default: ${DEFAULT-VALUE}.")
    private int stories = 60;

    @Option(names = "--seed", description = "Seed of stories. Default: ${DEFAULT-VALUE}.")
    private int seed = 17;

    private FormatQuality() {}

    /**
     * Runs the program.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        main(new FormatQuality(), args);
    }

    /**
     * Runs the program and returns.
     *
     * @param out where the table goes
     * @param err where messages about failures go
     * @param args see {@code --help}
     * @return the exit code
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return execute(new CommandLine(new FormatQuality()).setOut(out).setErr(err), args);
    }

    /**
     * How near one model is to another.
     *
     * @param perplexity {@code exp} of the mean cross entropy of the next token
     * @param error root mean square of the difference of logits, over that of the logits
     */
    record Quality(double perplexity, double error) {}

    @Override
    public Integer call() throws IOException, MalformedModelException {
        HuggingFaceModels.requireEngine(engine);
        List<long[]> texts = new ArrayList<>();
        Path shipped = ShippedModel.directory();
        try (HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(
                        shipped.resolve("tokenizer.json"), Map.of("truncation", "false"))) {
            new StoryCorpus(seed)
                    .stories(StoryCorpus.Part.VALIDATION)
                    .limit(stories)
                    .forEach(story -> texts.add(tokenizer.encode(story).getIds()));
        }
        out().printf("| model | format | perplexity | logit error, compiled | portable |%n");
        out().printf("|---|---|---|---|---|%n");
        print("story model", shipped, texts);
        Path random = randomModel();
        try {
            print("random, 4 layers of 256", random, randomTexts());
        } finally {
            Files.delete(random.resolve("model.safetensors"));
            Files.delete(random.resolve(HuggingFaceModels.CONFIG_FILE));
            Files.delete(random);
        }
        return CommandLine.ExitCode.OK;
    }

    private void print(String name, Path directory, List<long[]> texts)
            throws IOException, MalformedModelException {
        LoadOptions portable = LoadOptions.defaults().withCompile(LoadOptions.Compile.OFF);
        List<double[]> expected = logits(directory, portable.withDataType(DataType.FLOAT64), texts);
        int vocabulary = HuggingFaceModels.readConfig(directory).vocabularySize();
        out().printf(
                        "| %s | float64 | %.4f | | |%n",
                        name, quality(expected, expected, texts, vocabulary).perplexity());
        for (String format : FORMATS) {
            Map<String, String> given = Map.of("weights", format);
            Map<String, String> twin = Map.of("weights", format, "compile", "false");
            Quality packed;
            Quality rounded;
            try {
                packed =
                        quality(
                                logits(directory, LoadOptions.of(given), texts),
                                expected,
                                texts,
                                vocabulary);
                rounded =
                        quality(
                                logits(directory, LoadOptions.of(twin), texts),
                                expected,
                                texts,
                                vocabulary);
            } catch (IllegalArgumentException e) {
                out().printf("| %s | %s | does not take its widths | | |%n", name, format);
                continue;
            }
            out().printf(
                            "| %s | %s | %.4f | %.2e | %.2e |%n",
                            name, format, packed.perplexity(), packed.error(), rounded.error());
        }
    }

    private List<double[]> logits(Path directory, LoadOptions options, List<long[]> texts)
            throws IOException, MalformedModelException {
        List<double[]> all = new ArrayList<>();
        try (NDManager manager = Engine.getEngine(engine).newBaseManager(Device.cpu())) {
            CausalLanguageModel model = HuggingFaceModels.load(directory, manager, options);
            for (long[] text : texts) {
                try (NDManager own = manager.newSubManager()) {
                    NDArray ids = own.create(new long[][] {text});
                    NDArray logits =
                            model.forward(new ParameterStore(own, false), new NDList(ids), false)
                                    .get(0);
                    all.add(logits.toType(DataType.FLOAT64, false).toDoubleArray());
                }
            }
        }
        return all;
    }

    private static Quality quality(
            List<double[]> actual, List<double[]> expected, List<long[]> texts, int vocabulary) {
        double difference = 0;
        double magnitude = 0;
        double entropy = 0;
        long count = 0;
        for (int t = 0; t < texts.size(); t++) {
            double[] logits = actual.get(t);
            for (int i = 0; i < logits.length; i++) {
                double off = logits[i] - expected.get(t)[i];
                difference += off * off;
                magnitude += expected.get(t)[i] * expected.get(t)[i];
            }
            long[] text = texts.get(t);
            for (int s = 0; s + 1 < text.length; s++) {
                entropy -= logProbability(logits, s * vocabulary, vocabulary, (int) text[s + 1]);
                count++;
            }
        }
        return new Quality(Math.exp(entropy / count), Math.sqrt(difference / magnitude));
    }

    private static double logProbability(double[] logits, int start, int count, int token) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = start; i < start + count; i++) {
            largest = Math.max(largest, logits[i]);
        }
        double sum = 0;
        for (int i = start; i < start + count; i++) {
            sum += Math.exp(logits[i] - largest);
        }
        return logits[start + token] - largest - Math.log(sum);
    }

    private Path randomModel() throws IOException {
        Path directory = Files.createTempDirectory("random-model");
        DecoderConfig config =
                DecoderConfig.builder()
                        .setVocabularySize(512)
                        .setHiddenSize(256)
                        .setFeedForwardSize(640)
                        .setLayers(4)
                        .setQueryHeads(8)
                        .setContextLength(128)
                        .optKeyValueHeads(2)
                        .build();
        try (NDManager manager = Engine.getEngine(engine).newBaseManager(Device.cpu())) {
            CausalLanguageModel model = Decoders.languageModel(config);
            model.freezeParameters(true);
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            HuggingFaceModels.saveWeights(model, directory, StoredType.F32);
        }
        Files.writeString(
                directory.resolve(HuggingFaceModels.CONFIG_FILE),
                """
                {"model_type": "llama", "vocab_size": 512, "hidden_size": 256,
                 "intermediate_size": 640, "num_hidden_layers": 4, "num_attention_heads": 8,
                 "num_key_value_heads": 2, "max_position_embeddings": 128}
                """);
        return directory;
    }

    private List<long[]> randomTexts() {
        SplittableRandom random = new SplittableRandom(seed);
        List<long[]> texts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            texts.add(random.longs(64, 0, 512).toArray());
        }
        return texts;
    }
}

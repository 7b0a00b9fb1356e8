package io.github.djlblocks.samples;

import ai.djl.ModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.TextGenerator;
import io.github.djlblocks.huggingface.TextOptions;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.ParityReport;
import io.github.djlblocks.parity.cases.BlockCases;
import io.github.djlblocks.parity.cases.ParityTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Generates text with a model on one engine after the other, and says whether they agree.
 *
 * <p>Without options: the shipped story model on every engine found, then a parity table of the
 * blocks it is made of. Exit code 0 if all is well, 1 if tokens differ, a block is out of tolerance
 * or something failed, 2 for wrong options.
 */
@Command(
        name = "generate",
        sortOptions = false,
        description = "Generates text with a model on every engine and compares the tokens.")
public final class Generate extends Program {

    private static final String STORY_PROMPT = "Once upon a time, a small fox named Ruby";

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "Hugging Face directory of a decoder: config.json, safetensors,"
                            + " tokenizer.json. Default: the story model of this project.")
    private @Nullable Path model;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            split = ",",
            description = "PyTorch, MXNet, or both. Default: every engine on the classpath.")
    private List<String> engines = List.of();

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "cpu, gpu0, gpu1, ... Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(names = "--prompt", paramLabel = "TEXT", description = "Text to continue.")
    private String prompt = STORY_PROMPT;

    @Option(
            names = "--weights",
            paramLabel = "FORMAT",
            description = "float32, float16, bfloat16, int8, int4. Default: as they are.")
    private @Nullable String weights;

    @Mixin private TextSettings text = new TextSettings();

    Generate() {}

    /**
     * Runs the program.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        main(new Generate(), args);
    }

    /**
     * Runs the program and returns.
     *
     * @param out where the text goes
     * @param err where messages about failures go
     * @param args see {@code --help}
     * @return the exit code
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return execute(new CommandLine(new Generate()).setOut(out).setErr(err), args);
    }

    @Override
    public Integer call() throws IOException, ModelException {
        PrintWriter out = out();
        Path directory = model == null ? ShippedModel.directory() : model;
        List<String> names = engines.isEmpty() ? enginesFound() : engines;
        names.forEach(HuggingFaceModels::requireEngine);
        Map<String, long[]> tokens = new LinkedHashMap<>();
        for (String name : names) {
            tokens.put(name, generate(out, directory, name));
        }
        boolean right = tokens.size() < 2 || compare(out, tokens);
        if (model == null) {
            right &= showParity(out, names);
        }
        return right ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    /** Runs every block on every engine against the float64 oracle; false if one is off. */
    private static boolean showParity(PrintWriter out, List<String> names) {
        ParityReport report =
                ParityTable.worstForward(
                        BlockCases.all(),
                        EnginesUnderTest.named(names.toArray(String[]::new)),
                        DataType.FLOAT32);
        out.println("Blocks against the float64 oracle:");
        out.println();
        out.println(report.toText());
        return report.failures().isEmpty();
    }

    private static List<String> enginesFound() {
        return EnginesUnderTest.discover().stream()
                .map(EngineUnderTest::engineName)
                .distinct()
                .sorted(Comparator.reverseOrder())
                .toList();
    }

    /** Streams the text of one engine and returns its tokens. */
    private long[] generate(PrintWriter out, Path directory, String name)
            throws IOException, ModelException {
        Criteria.Builder<String, String> criteria =
                HuggingFaceModels.textGeneration(directory, name, EngineSettings.device(device));
        if (weights != null) {
            criteria.optArgument("weights", weights);
        }
        try (ZooModel<String, String> zooModel = criteria.build().loadModel();
                TextGenerator generator = TextGenerator.of(zooModel)) {
            Engine engine = Engine.getEngine(name);
            TextOptions options = text.apply(generator.textOptions());
            out.printf("[%s %s, %s]%n%s", name, engine.getVersion(), device, prompt);
            out.flush();
            long start = System.nanoTime();
            TextGenerator.Result result;
            try {
                result =
                        generator.generate(
                                prompt,
                                options,
                                piece -> {
                                    out.print(piece);
                                    out.flush();
                                });
            } catch (RuntimeException e) {
                // What failed is said on a line of its own.
                out.println();
                out.flush();
                throw e;
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            out.printf(
                    "%n%n  %d tokens after a prompt of %d in %.2f s: %.0f tokens/s (%s)%n%n",
                    result.tokens().length,
                    result.promptTokens().length,
                    seconds,
                    result.tokens().length / seconds,
                    result.finishReason());
            return result.tokens();
        }
    }

    private static boolean compare(PrintWriter out, Map<String, long[]> tokens) {
        Map.Entry<String, long[]> first = tokens.entrySet().iterator().next();
        long[] expected = first.getValue();
        boolean same = true;
        for (Map.Entry<String, long[]> entry : tokens.entrySet()) {
            int difference = Arrays.mismatch(expected, entry.getValue());
            if (difference >= 0) {
                same = false;
                out.printf(
                        "%s and %s differ from token %d on.%n",
                        first.getKey(), entry.getKey(), difference + 1);
            }
        }
        if (same) {
            out.printf(
                    "Same tokens on %s: yes, all %d.%n%n",
                    String.join(" and ", tokens.keySet()), expected.length);
        }
        return same;
    }
}

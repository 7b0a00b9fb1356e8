package io.github.djlblocks.samples;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.parity.ProcessMemory;
import io.github.djlblocks.samples.bench.BenchChart;
import io.github.djlblocks.samples.bench.BenchJson;
import io.github.djlblocks.samples.bench.BenchRun;
import io.github.djlblocks.samples.bench.BenchText;
import io.github.djlblocks.samples.bench.ContenderKind;
import io.github.djlblocks.samples.bench.Format;
import io.github.djlblocks.samples.bench.Machine;
import io.github.djlblocks.samples.bench.Mode;
import io.github.djlblocks.samples.bench.Result;
import io.github.djlblocks.samples.bench.Settings;
import io.github.djlblocks.samples.bench.Workload;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * Measures how fast models run: this library's blocks compiled and not, the same model in
 * TorchScript by hand, its bare matrix products, and DJL's own blocks, side by side in one process.
 */
@Command(
        name = "bench",
        sortOptions = false,
        description = {
            "Measures how fast models of random weights run, in several ways that take turns.",
            "Columns /products, /script, /portable and /djl are the time by that of the matrix"
                    + " products and of the hand-written TorchScript in the same format, of this"
                    + " library's portable path and of DJL's own blocks in float32: below 1 is"
                    + " faster. MB is what the process grew by; difference is that of the output"
                    + " from float32's."
        })
public final class Bench extends Program {

    private static final String DEFAULT_ENGINE = "ai.djl.default_engine";

    private static final double TURN_SECONDS = 0.5;
    private static final double QUICK_TURN_SECONDS = 0.05;

    @Option(
            names = "--workload",
            paramLabel = "NAME",
            split = ",",
            converter = WorkloadConverter.class,
            description =
                    "W1 (TinyLlama-1.1B), W2 (SmolLM-135M), W3 (BERT-base), or the tiny W0, W0T,"
                            + " W0E. Default: W1,W2,W3.")
    private List<Workload> workloads =
            List.of(Workload.named("W1"), Workload.named("W2"), Workload.named("W3"));

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            split = ",",
            description = "PyTorch, MXNet, or both. Default: PyTorch.")
    private List<String> engines = List.of("PyTorch");

    @Option(
            names = "--format",
            paramLabel = "NAME",
            split = ",",
            converter = FormatConverter.class,
            description = "float32, bfloat16, int8, int4. Default: all.")
    private List<Format> formats = List.of(Format.values());

    @Option(
            names = "--contender",
            paramLabel = "NAME",
            split = ",",
            converter = ContenderConverter.class,
            description = "products, script, compiled, portable, djl. Default: all.")
    private List<ContenderKind> contenders = List.of(ContenderKind.values());

    @Option(
            names = "--mode",
            paramLabel = "NAME",
            split = ",",
            converter = ModeConverter.class,
            description = "prefill, decode, encode. Default: all.")
    private List<Mode> modes = List.of(Mode.values());

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Turns of each contender. Default: 7, or 3 if --quick.")
    private @Nullable Integer rounds;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of PyTorch; MXNet reads OMP_NUM_THREADS. Default: one a core.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--quick", description = "Short turns: rough numbers.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the results there.")
    private @Nullable Path json;

    @Option(
            names = "--chart",
            paramLabel = "FILE",
            split = ",",
            description = "Draw the results there: .svg or .png, or both.")
    private List<Path> charts = List.of();

    Bench() {}

    /**
     * Runs the program.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        main(new Bench(), args);
    }

    /**
     * Runs the program and returns.
     *
     * @param out where the tables go
     * @param err where messages about failures go
     * @param args see {@code --help}
     * @return the exit code
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return execute(new CommandLine(new Bench()).setOut(out).setErr(err), args);
    }

    @Override
    public Integer call() throws IOException {
        charts.forEach(BenchChart::requireKnown);
        if (threads < 1) {
            throw new IllegalArgumentException("threads (" + threads + ") must be at least 1");
        }
        // MXNet first: it takes PyTorch's threads away when it is loaded, as DJL's own blocks do,
        // which ask for the default engine.
        List<String> names =
                engines.stream().sorted(Comparator.comparing(String::toString)).toList();
        names.forEach(HuggingFaceModels::requireEngine);
        if (System.getProperty(DEFAULT_ENGINE) == null) {
            System.setProperty(DEFAULT_ENGINE, names.get(0));
        }
        names.forEach(Engine::getEngine);
        if (names.contains("PyTorch")) {
            JniUtils.setNumThreads(threads);
        }
        Settings settings =
                new Settings(
                        workloads,
                        names,
                        contenders,
                        formats,
                        modes,
                        rounds == null ? (quick ? 3 : 7) : rounds,
                        quick ? QUICK_TURN_SECONDS : TURN_SECONDS);
        BenchRun run = new BenchRun(settings);
        Machine machine = Machine.read(names);
        PrintWriter out = out();
        out.println(machine);
        machine.engines().forEach(out::println);
        out.flush();
        List<Result> results = measure(run);
        out.println(BenchText.of(results));
        out.flush();
        if (json != null) {
            parent(json);
            Files.writeString(
                    json,
                    BenchJson.of(machine, settings, results, ProcessMemory.peakResidentBytes()));
        }
        for (Path chart : charts) {
            parent(chart);
            BenchChart.write(chart, results);
        }
        return CommandLine.ExitCode.OK;
    }

    private static List<Result> measure(BenchRun run) {
        try (ProgressBar bar = new ProgressBar("bench", run.turns())) {
            return run.run(
                    turn -> {
                        bar.step();
                        bar.setExtraMessage(turn);
                    });
        }
    }

    private static void parent(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
    }

    private abstract static class Converter<T> implements ITypeConverter<T> {

        private final Function<String, T> named;

        Converter(Function<String, T> named) {
            this.named = named;
        }

        @Override
        public T convert(String value) {
            try {
                return named.apply(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static final class WorkloadConverter extends Converter<Workload> {
        WorkloadConverter() {
            super(Workload::named);
        }
    }

    private static final class FormatConverter extends Converter<Format> {
        FormatConverter() {
            super(Format::named);
        }
    }

    private static final class ContenderConverter extends Converter<ContenderKind> {
        ContenderConverter() {
            super(ContenderKind::named);
        }
    }

    private static final class ModeConverter extends Converter<Mode> {
        ModeConverter() {
            super(Mode::named);
        }
    }
}

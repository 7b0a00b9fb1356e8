package io.github.djlblocks.samples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.torchscript.CacheForm;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.ExportTarget;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Writes a model whose blocks are defined in Java as one file that Python runs without Java: {@code
 * docs/export/tell_story.py} tells a story with it.
 */
@Command(
        name = "export",
        sortOptions = false,
        description = {
            "Writes a decoder as a TorchScript file that continues sequences: forward, prefill,",
            "decode and reset, with config.json and tokenizer.json in it."
        })
public final class Export extends Program {

    private static final List<String> EXTRA = List.of("config.json", "tokenizer.json");

    @Parameters(paramLabel = "FILE", description = "The file to write, such as story.pt.")
    private @Nullable Path file;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "Hugging Face directory of a decoder. Default: the story model of this"
                            + " project.")
    private @Nullable Path model;

    @Option(
            names = "--weights",
            paramLabel = "FORMAT",
            description = "float32, float16, bfloat16, int8, int4. Default: ${DEFAULT-VALUE}.")
    private String weights = "float32";

    @Option(
            names = "--target",
            paramLabel = "VERSION",
            description =
                    "Oldest PyTorch that must load the file, 1.13 or 2.4. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String target = "1.13";

    @Option(
            names = "--caches",
            paramLabel = "FORM",
            description =
                    "What is kept of earlier tokens: state (of the module) or arguments. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String caches = "state";

    Export() {}

    /**
     * Runs the program.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        main(new Export(), args);
    }

    /**
     * Runs the program and returns.
     *
     * @param out where it prints
     * @param err where messages about failures go
     * @param args see {@code --help}
     * @return the exit code
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return execute(new CommandLine(new Export()).setOut(out).setErr(err), args);
    }

    @Override
    public Integer call() throws IOException, MalformedModelException {
        Path written = Objects.requireNonNull(file);
        Path directory = model == null ? ShippedModel.directory() : model;
        WeightFormat format = WeightFormat.parse(weights);
        DecoderExportOptions.Builder options =
                DecoderExportOptions.builder()
                        .optTarget(parsed(ExportTarget.class, "PYTORCH_", target))
                        .optCaches(parsed(CacheForm.class, "", caches));
        if (!format.equals(WeightFormat.FLOAT32)) {
            options.optWeights(format);
        }
        for (String name : EXTRA) {
            Path extra = directory.resolve(name);
            if (Files.exists(extra)) {
                options.addExtraFile(name, extra);
            }
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            CausalLanguageModel block =
                    HuggingFaceModels.load(directory, manager, DataType.FLOAT32);
            TorchScript.exportDecoder(block, written, options.build());
        }
        out().printf(
                        Locale.ROOT,
                        "%s: %,d bytes, %s, PyTorch %s and later%n",
                        written,
                        Files.size(written),
                        format,
                        target);
        return CommandLine.ExitCode.OK;
    }

    private static <E extends Enum<E>> E parsed(Class<E> type, String prefix, String text) {
        String wanted = prefix + text.toUpperCase(Locale.ROOT).replace('.', '_');
        for (E constant : Objects.requireNonNull(type.getEnumConstants())) {
            if (constant.name().equals(wanted)) {
                return constant;
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is unknown: see the values in export --help");
    }
}

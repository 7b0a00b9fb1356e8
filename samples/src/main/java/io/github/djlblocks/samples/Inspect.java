package io.github.djlblocks.samples;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.checkpoint.CheckpointLoader;
import io.github.djlblocks.checkpoint.TensorInfo;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a directory holds, without loading weights or an engine. */
@Command(
        name = "inspect",
        sortOptions = false,
        description =
                "Says what a Hugging Face directory holds, and whether its tensors are those of"
                        + " its model, without loading weights.")
final class Inspect extends Program {

    private static final double MIB = 1024.0 * 1024;

    @Parameters(paramLabel = "DIR", description = "Hugging Face directory.")
    private @Nullable Path directory;

    @Option(names = "--tensors", description = "List every tensor: name, type and shape.")
    private boolean tensors;

    @Override
    public Integer call() throws IOException, MalformedModelException {
        Path folder = Objects.requireNonNull(directory);
        ModelDescription model = HuggingFaceModels.describe(folder);
        PrintWriter out = out();
        row(out, "model_type", model.modelType());
        row(out, "architecture", model.architecture());
        row(out, "kind", model.kind().name().toLowerCase(Locale.ROOT));
        row(out, "layers", model.layers());
        row(out, "hidden size", model.hiddenSize());
        row(out, "vocabulary", model.vocabularySize());
        row(out, "context", model.contextLength() + " tokens");
        row(out, "head", model.hasTiedHead() ? "the embedding table" : "a matrix of its own");
        row(out, "end tokens", model.endTokens());
        model.decoderConfig()
                .ifPresent(
                        config ->
                                row(
                                        out,
                                        "heads",
                                        config.queryHeads()
                                                + " of "
                                                + config.headDim()
                                                + ", "
                                                + config.keyValueHeads()
                                                + " for keys and values"));
        try (TensorSource source = model.open(folder)) {
            memory(out, source);
            if (tensors) {
                list(out, source);
            }
            ModelDescription stored = model.fitting(source.names());
            KernelBlock block = stored.newBlock();
            int loaded =
                    CheckpointLoader.check(block, source, stored.weightMap(), DataType.FLOAT32)
                            .loaded()
                            .size();
            out.printf(Locale.ROOT, "%nEvery parameter has its tensor: %d are loaded.%n", loaded);
        }
        return CommandLine.ExitCode.OK;
    }

    private static void row(PrintWriter out, String name, Object value) {
        out.printf("%-14s%s%n", name, value);
    }

    private static void memory(PrintWriter out, TensorSource source) {
        Map<String, Long> bytes = new TreeMap<>();
        long count = 0;
        for (String name : source.names()) {
            TensorInfo info = source.info(name);
            bytes.merge(info.type().name(), info.byteLength(), Long::sum);
            count += info.shape().size();
        }
        row(out, "tensors", source.names().size());
        row(out, "parameters", String.format(Locale.ROOT, "%,d", count));
        long values = count;
        bytes.forEach(
                (type, size) ->
                        row(
                                out,
                                "stored",
                                String.format(Locale.ROOT, "%.1f MiB as %s", size / MIB, type)));
        Map<String, Double> widths = new LinkedHashMap<>();
        widths.put("float32", 4.0);
        widths.put("bfloat16", 2.0);
        widths.put("int8", 1.0);
        widths.put("int4", 0.625);
        out.println();
        widths.forEach(
                (type, width) ->
                        row(
                                out,
                                "  as " + type,
                                String.format(
                                        Locale.ROOT, "about %.1f MiB", values * width / MIB)));
    }

    private static void list(PrintWriter out, TensorSource source) {
        out.println();
        for (String name : source.names()) {
            TensorInfo info = source.info(name);
            out.printf("%-60s %-5s %s%n", name, info.type(), info.shape());
        }
    }
}

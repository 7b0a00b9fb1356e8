package io.github.djlblocks.export;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.ExportTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** What a file is to give for what arguments, beside it, as safetensors. */
final class CaseFiles {

    private static final Path DIRECTORY = Path.of("target", "export-cases");

    private CaseFiles() {}

    static Path directory(ExportTarget target) {
        return DIRECTORY.resolve(target.name().toLowerCase(Locale.ROOT));
    }

    /** Writes the arguments in their order, the first output and its allowed errors. */
    static void write(
            Path file,
            String name,
            NDList arguments,
            double[] expected,
            Shape shape,
            Tolerance tolerance)
            throws IOException {
        double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        double[] allowed =
                Arrays.stream(expected).map(value -> tolerance.allowed(value, scale)).toArray();
        SafetensorsWriter writer =
                new SafetensorsWriter()
                        .add("expected", expected, shape, StoredType.F64)
                        .add("allowed", allowed, shape, StoredType.F64)
                        .addMetadata("case", name)
                        .addMetadata("arguments", Integer.toString(arguments.size()));
        for (int i = 0; i < arguments.size(); i++) {
            writer.add("argument." + i, arguments.get(i));
        }
        String stem = String.valueOf(file.getFileName()).replace(".pt", ".safetensors");
        writer.write(file.resolveSibling(stem));
    }
}

package io.github.djlblocks.export;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.ExportTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;

/** What a file is to give for what arguments, beside it, as safetensors. */
final class CaseFiles {

    private static final Path DIRECTORY = Path.of("target", "export-cases");

    private final Path file;
    private final SafetensorsWriter writer = new SafetensorsWriter();

    CaseFiles(Path file, String name) {
        this.file = file;
        writer.addMetadata("case", name);
    }

    /** The place of a file that stays. */
    static Path in(ExportTarget target, String name) throws IOException {
        Path directory = DIRECTORY.resolve(target.name().toLowerCase(Locale.ROOT));
        return Files.createDirectories(directory).resolve(name);
    }

    /** Says what the state_dict holds. */
    CaseFiles withNames(Collection<String> names) {
        writer.addMetadata("state_dict", String.join(" ", names));
        return this;
    }

    /** Writes the arguments in their order, the first output and its allowed errors. */
    void write(NDList arguments, double[] expected, Shape shape, Tolerance tolerance)
            throws IOException {
        double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        double[] allowed =
                Arrays.stream(expected).map(value -> tolerance.allowed(value, scale)).toArray();
        writer.add("expected", expected, shape, StoredType.F64)
                .add("allowed", allowed, shape, StoredType.F64)
                .addMetadata("arguments", Integer.toString(arguments.size()));
        for (int i = 0; i < arguments.size(); i++) {
            writer.add("argument." + i, arguments.get(i));
        }
        String stem = String.valueOf(file.getFileName()).replace(".pt", ".safetensors");
        writer.write(file.resolveSibling(stem));
    }
}

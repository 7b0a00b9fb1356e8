package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.checkpoint.Checkpoints;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.family.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** A Hugging Face directory on its way to become another one. */
final class ModelVariant {

    private final JsonObject config;
    private final Map<String, Stored> tensors = new TreeMap<>();

    /** A tensor; its values can be changed. */
    @SuppressWarnings("ArrayRecordComponent") // a carrier of values, not a key
    record Stored(Shape shape, double[] values) {}

    private ModelVariant(JsonObject config) {
        this.config = config;
    }

    static ModelVariant of(Path directory) throws IOException, MalformedModelException {
        String text = Files.readString(directory.resolve(Families.CONFIG_FILE));
        ModelVariant variant = new ModelVariant(JsonParser.parseString(text).getAsJsonObject());
        try (TensorSource source = Checkpoints.open(directory)) {
            for (String name : source.names()) {
                variant.tensors.put(
                        name, new Stored(source.info(name).shape(), source.readDoubles(name)));
            }
        }
        return variant;
    }

    JsonObject config() {
        return config;
    }

    Map<String, Stored> tensors() {
        return tensors;
    }

    Stored tensor(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    double[] values(String name) {
        return tensor(name).values();
    }

    void swapRows(String name, int first, int second) {
        double[] values = values(name);
        int width = Math.toIntExact(tensor(name).shape().get(1));
        for (int i = 0; i < width; i++) {
            double kept = values[first * width + i];
            values[first * width + i] = values[second * width + i];
            values[second * width + i] = kept;
        }
    }

    /** Writes it, with all digits. */
    Path write(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(Families.CONFIG_FILE), config.toString());
        SafetensorsWriter writer = new SafetensorsWriter();
        tensors.forEach(
                (name, tensor) ->
                        writer.add(name, tensor.values(), tensor.shape(), StoredType.F64));
        writer.write(directory.resolve(Checkpoints.SINGLE_FILE));
        return directory;
    }
}

package io.github.djlblocks.training;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import io.github.djlblocks.checkpoint.SafetensorsFile;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.TensorInfo;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.internal.StagedFiles;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.optimizer.AdamW;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A training run in a directory: {@code training.json}, {@code parameters.safetensors} with what
 * learns, and {@code optimizer.safetensors}.
 */
final class TrainingCheckpoint {

    private static final String NOTES = "training.json";
    private static final String PARAMETERS = "parameters.safetensors";
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final int VERSION = 1;
    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

    private final Block block;
    private final Map<String, Parameter> saved = new LinkedHashMap<>();
    private final Map<String, Parameter> trained;
    private final AdamW optimizer;
    private final NDManager manager;
    private final Map<String, String> settings;
    private final long step;

    /** What is not a tensor. */
    private record Notes(
            int version,
            long step,
            @Nullable Map<String, String> settings,
            @Nullable String frozen,
            @Nullable Map<String, Integer> updates) {}

    TrainingCheckpoint(
            Block block,
            Map<String, Parameter> trained,
            AdamW optimizer,
            NDManager manager,
            Map<String, String> settings,
            long step) {
        this.block = block;
        this.trained = trained;
        this.optimizer = optimizer;
        this.manager = manager;
        this.settings = settings;
        this.step = step;
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) -> {
                            if (trained.containsKey(path) || runs(parameter)) {
                                saved.put(path, parameter);
                            }
                        });
    }

    /** Statistics change in a training pass, though they want no gradient. */
    private static boolean runs(Parameter parameter) {
        return parameter.getType() == Parameter.Type.RUNNING_MEAN
                || parameter.getType() == Parameter.Type.RUNNING_VAR;
    }

    /** What does not change must be the same when the run goes on. */
    private String frozen() {
        CRC32C sum = new CRC32C();
        int count = 0;
        for (Map.Entry<String, Parameter> entry : ParameterPaths.of(block).entrySet()) {
            if (!saved.containsKey(entry.getKey())) {
                sum.update(entry.getValue().getArray().toByteBuffer());
                count++;
            }
        }
        return count + " parameters, checksum " + Long.toHexString(sum.getValue());
    }

    void save(Path directory) throws IOException {
        Notes notes = new Notes(VERSION, step, settings, frozen(), optimizer.updates());
        SafetensorsWriter parameters = new SafetensorsWriter();
        saved.forEach((path, parameter) -> parameters.add(path, parameter.getArray()));
        SafetensorsWriter memory = new SafetensorsWriter();
        optimizer.memory().forEach(memory::add);
        try (StagedFiles files = StagedFiles.in(directory)) {
            Files.writeString(files.file(NOTES), GSON.toJson(notes) + "\n");
            parameters.write(files.file(PARAMETERS));
            memory.write(files.file(OPTIMIZER));
            files.publish(name -> false);
        }
    }

    /** Reads and compares everything before it changes anything; returns the step. */
    long load(Path directory) throws IOException, MalformedModelException {
        Notes notes = notes(directory.resolve(NOTES));
        compare(notes, directory);
        try (NDManager own = manager.newSubManager();
                TensorSource parameters = SafetensorsFile.open(directory.resolve(PARAMETERS));
                TensorSource memory = SafetensorsFile.open(directory.resolve(OPTIMIZER))) {
            Map<String, NDArray> values = new LinkedHashMap<>();
            for (Map.Entry<String, Parameter> entry : saved.entrySet()) {
                NDArray array = entry.getValue().getArray();
                values.put(entry.getKey(), read(parameters, entry.getKey(), array, own, directory));
            }
            requireNoMore(parameters, saved.size(), directory);
            Map<String, NDArray> remembered = new LinkedHashMap<>();
            Map<String, Integer> updates = Objects.requireNonNull(notes.updates());
            for (String path : updates.keySet()) {
                Parameter parameter = trained.get(path);
                if (parameter == null) {
                    throw other(directory, "it has trained '" + path + "', which is frozen here");
                }
                for (String kind : new String[] {"mean.", "variance."}) {
                    NDArray like = parameter.getArray();
                    remembered.put(kind + path, read(memory, kind + path, like, own, directory));
                }
            }
            optimizer.restore(remembered, updates);
            values.forEach((path, value) -> assign(saved.get(path), value));
        }
        return notes.step();
    }

    private static void assign(@Nullable Parameter parameter, NDArray value) {
        NDArray array = Objects.requireNonNull(parameter).getArray();
        Kernels.of(array).overwrite(array, value);
    }

    private static Notes notes(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "no training run was saved there");
        }
        Notes notes;
        try {
            notes = GSON.fromJson(Files.readString(file), Notes.class);
        } catch (JsonParseException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
        if (notes == null || notes.settings() == null || notes.updates() == null) {
            throw new IOException(file + " is damaged: settings or updates are missing");
        }
        if (notes.version() != VERSION) {
            throw new IOException(
                    file + " is of version " + notes.version() + ", this reads " + VERSION);
        }
        return notes;
    }

    private void compare(Notes notes, Path directory) {
        Map<String, String> theirs = Objects.requireNonNull(notes.settings());
        settings.forEach(
                (name, value) -> {
                    if (!value.equals(theirs.get(name))) {
                        throw other(
                                directory,
                                "its "
                                        + name
                                        + " is "
                                        + theirs.get(name)
                                        + ", here it is "
                                        + value);
                    }
                });
        String frozen = frozen();
        if (!frozen.equals(notes.frozen())) {
            throw other(
                    directory, "what is frozen is " + notes.frozen() + ", here it is " + frozen);
        }
    }

    private static NDArray read(
            TensorSource source, String name, NDArray like, NDManager own, Path directory) {
        if (!source.names().contains(name)) {
            throw other(directory, "it has no '" + name + "'");
        }
        TensorInfo info = source.info(name);
        Shape shape = like.getShape();
        DataType type = like.getDataType();
        if (!info.shape().equals(shape)) {
            throw other(
                    directory, "its '" + name + "' is " + info.shape() + ", here it is " + shape);
        }
        return source.read(name, own, type);
    }

    private static void requireNoMore(TensorSource source, int expected, Path directory) {
        if (source.names().size() != expected) {
            throw other(
                    directory,
                    "it trained "
                            + source.names().size()
                            + " parameters, here it would be "
                            + expected);
        }
    }

    private static IllegalArgumentException other(Path directory, String difference) {
        return new IllegalArgumentException(
                directory
                        + " was saved by another run: "
                        + difference
                        + "; use the block, data and settings it was begun with");
    }
}

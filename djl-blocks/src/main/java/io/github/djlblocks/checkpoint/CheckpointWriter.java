package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import com.google.gson.stream.JsonWriter;
import io.github.djlblocks.internal.StagedFiles;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Writes a checkpoint of floating-point tensors into a directory, in one file or in shards of a
 * largest size with an index, as Hugging Face directories have them.
 *
 * <p>Everything is there afterwards, or nothing has changed: files are written aside and moved when
 * all are whole, and weights of a checkpoint that was there before, in whatever shards, are removed
 * with it. Tensors fill shards in the order they were added; a tensor larger than a shard has one
 * of its own. Floats are rounded to nearest, ties to even.
 */
public final class CheckpointWriter {

    /** The size of a shard unless told otherwise, 5 GB as in transformers. */
    public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

    private static final Pattern SHARD = Pattern.compile("model-\\d{5}-of-\\d{5}\\.safetensors");

    private final StoredType type;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, byte[]> files = new LinkedHashMap<>();

    /** How an array lies in a file. */
    private enum Lie {
        AS_IT_IS,
        TURNED,
        ROW
    }

    private record Tensor(String name, NDArray array, Lie lie, long bytes) {}

    /**
     * Creates a writer without tensors.
     *
     * @param type the type to store
     * @throws IllegalArgumentException if it is no floating-point type
     */
    public CheckpointWriter(StoredType type) {
        if (!type.isFloating()) {
            throw new IllegalArgumentException(
                    "weights cannot be stored as " + type + ": use F32, BF16, F16 or F64");
        }
        this.type = type;
    }

    /**
     * Returns whether one array need not be stored beside another.
     *
     * @param array an array
     * @param other another one
     * @return whether shape, type and all values are the same
     */
    public static boolean isCopy(NDArray array, NDArray other) {
        return array.getDataType() == other.getDataType() && array.contentEquals(other);
    }

    /**
     * Adds a tensor.
     *
     * @param name its name
     * @param array the values; must stay open until they are written
     * @param isTurned whether a matrix is stored as (in, out) that the array holds as (out, in)
     * @return this writer
     * @throws IllegalArgumentException if the name is taken, or what is to be turned is no matrix
     */
    public CheckpointWriter add(String name, NDArray array, boolean isTurned) {
        if (isTurned && array.getShape().dimension() != 2) {
            throw new IllegalArgumentException(
                    "tensor '"
                            + name
                            + "' of shape "
                            + array.getShape()
                            + " cannot be turned: only a matrix has rows and columns");
        }
        return put(name, array, isTurned ? Lie.TURNED : Lie.AS_IT_IS);
    }

    /**
     * Adds a vector that is stored as a matrix of one row.
     *
     * @param name its name
     * @param vector the values (N), stored as (1, N); must stay open until they are written
     * @return this writer
     * @throws IllegalArgumentException if the name is taken
     */
    public CheckpointWriter addRow(String name, NDArray vector) {
        return put(name, vector, Lie.ROW);
    }

    private CheckpointWriter put(String name, NDArray array, Lie lie) {
        long bytes = Math.multiplyExact(array.size(), type.byteSize());
        if (tensors.putIfAbsent(name, new Tensor(name, array, lie, bytes)) != null) {
            throw new IllegalArgumentException(
                    "tensor '" + name + "' is added twice: names must be unique");
        }
        return this;
    }

    /**
     * Adds a file to be written beside the weights, with them or not at all.
     *
     * @param name its name
     * @param content all of it
     * @return this writer
     */
    public CheckpointWriter addFile(String name, byte[] content) {
        files.put(name, content.clone());
        return this;
    }

    /**
     * Writes {@value Checkpoints#SINGLE_FILE}, or several shards and {@value
     * Checkpoints#INDEX_FILE}.
     *
     * @param directory where to; made if it is not there
     * @param maxShardBytes the most bytes of tensors in a file
     * @throws IOException if a file cannot be written; the directory is as before then
     * @throws IllegalArgumentException if a shard could hold nothing
     */
    public void write(Path directory, long maxShardBytes) throws IOException {
        if (maxShardBytes < 1) {
            throw new IllegalArgumentException(
                    "maxShardBytes (" + maxShardBytes + ") must be at least 1");
        }
        List<List<Tensor>> shards = shards(maxShardBytes);
        try (StagedFiles staged = StagedFiles.in(directory)) {
            if (shards.size() == 1) {
                write(shards.get(0), staged.file(Checkpoints.SINGLE_FILE));
            } else {
                writeShards(shards, staged);
            }
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(staged.file(file.getKey()), file.getValue());
            }
            staged.publish(CheckpointWriter::holdsWeights);
        }
    }

    private static boolean holdsWeights(String file) {
        return file.equals(Checkpoints.SINGLE_FILE)
                || file.equals(Checkpoints.INDEX_FILE)
                || SHARD.matcher(file).matches();
    }

    private List<List<Tensor>> shards(long maxBytes) {
        List<List<Tensor>> shards = new ArrayList<>();
        List<Tensor> shard = new ArrayList<>();
        long bytes = 0;
        for (Tensor tensor : tensors.values()) {
            if (!shard.isEmpty() && tensor.bytes() > maxBytes - bytes) {
                shards.add(shard);
                shard = new ArrayList<>();
                bytes = 0;
            }
            shard.add(tensor);
            bytes += tensor.bytes();
        }
        shards.add(shard);
        return shards;
    }

    private void writeShards(List<List<Tensor>> shards, StagedFiles staged) throws IOException {
        Map<String, String> homes = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String file =
                    String.format(
                            Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            write(shards.get(i), staged.file(file));
            shards.get(i).forEach(tensor -> homes.put(tensor.name(), file));
        }
        Files.writeString(staged.file(Checkpoints.INDEX_FILE), index(homes));
    }

    private void write(List<Tensor> shard, Path file) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter().addMetadata("format", "pt");
        for (Tensor tensor : shard) {
            switch (tensor.lie()) {
                case AS_IT_IS -> writer.add(tensor.name(), tensor.array(), type);
                case TURNED -> writer.addTurned(tensor.name(), tensor.array(), type);
                case ROW -> writer.addRow(tensor.name(), tensor.array(), type);
            }
        }
        writer.write(file);
    }

    private String index(Map<String, String> homes) throws IOException {
        long total = tensors.values().stream().mapToLong(Tensor::bytes).sum();
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            json.beginObject();
            json.name("metadata").beginObject().name("total_size").value(total).endObject();
            json.name("weight_map").beginObject();
            for (Map.Entry<String, String> home : homes.entrySet()) {
                json.name(home.getKey()).value(home.getValue());
            }
            json.endObject().endObject();
        }
        return text.append('\n').toString();
    }
}

package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Writes a safetensors file, whole or not at all.
 *
 * <p>The same tensors and metadata give the same bytes, in whatever order they were added: wide
 * types come first, so that every tensor is aligned, then names in order; the header is padded with
 * spaces to a multiple of 8 bytes. Floats are rounded to nearest, ties to even, and become infinite
 * beyond the largest finite value; integers must fit exactly.
 *
 * <p>Format: <a href="https://github.com/huggingface/safetensors#format">safetensors</a>.
 */
public final class SafetensorsWriter {

    private static final int ALIGNMENT = 8;

    private final Map<String, Tensor> tensors = new TreeMap<>();
    private final Map<String, String> metadata = new TreeMap<>();

    private record Tensor(String name, StoredType type, Shape shape, ElementSource elements) {

        long byteLength() {
            return Math.multiplyExact(shape.size(), type.byteSize());
        }
    }

    /** Creates a writer without tensors. */
    public SafetensorsWriter() {}

    /**
     * Adds an array under its own type.
     *
     * @param name the tensor's name
     * @param array the values; must stay open until {@link #write}
     * @return this writer
     * @throws IllegalArgumentException if the name is taken, or the type has no stored form
     */
    public SafetensorsWriter add(String name, NDArray array) {
        return add(name, array, ElementSource.storedType(array.getDataType()));
    }

    /**
     * Adds an array.
     *
     * @param name the tensor's name
     * @param array the values; must stay open until {@link #write}
     * @param type the type to store them as
     * @return this writer
     * @throws IllegalArgumentException if the name is taken, the array's type has no stored form,
     *     or INT64 is to be stored as another type
     */
    public SafetensorsWriter add(String name, NDArray array, StoredType type) {
        if (array.getDataType() == DataType.INT64 && type != StoredType.I64) {
            throw new IllegalArgumentException(
                    "tensor '" + name + "' is INT64 and cannot be stored as " + type + ": use I64");
        }
        return put(new Tensor(name, type, array.getShape(), ElementSource.of(array)));
    }

    /** Adds a vector (N) as a tensor (1, N). */
    SafetensorsWriter addRow(String name, NDArray vector, StoredType type) {
        Shape shape = new Shape(1, vector.size());
        return put(new Tensor(name, type, shape, ElementSource.of(vector)));
    }

    /**
     * Adds a matrix with its rows and columns exchanged, as the weights of a Conv1D are stored.
     *
     * @param name the tensor's name
     * @param matrix the values, (out, in); must stay open until {@link #write}
     * @param type the type to store them as, (in, out)
     * @return this writer
     */
    SafetensorsWriter addTurned(String name, NDArray matrix, StoredType type) {
        Shape shape = new Shape(matrix.getShape().get(1), matrix.getShape().get(0));
        return put(new Tensor(name, type, shape, ElementSource.turned(matrix)));
    }

    /**
     * Adds numbers.
     *
     * @param name the tensor's name
     * @param values the values, last axis fastest; must not change until {@link #write}
     * @param shape their shape
     * @param type the type to store them as
     * @return this writer
     * @throws IllegalArgumentException if the name is taken, or there are more or fewer values than
     *     the shape has
     */
    public SafetensorsWriter add(String name, double[] values, Shape shape, StoredType type) {
        if (values.length != shape.size()) {
            throw new IllegalArgumentException(
                    "tensor '"
                            + name
                            + "' has "
                            + values.length
                            + " values, but shape "
                            + shape
                            + " needs "
                            + shape.size());
        }
        return put(new Tensor(name, type, shape, ElementSource.of(values)));
    }

    /**
     * Adds a note, such as {@code format=pt}.
     *
     * @param key its key
     * @param value its value; replaces an earlier one
     * @return this writer
     */
    public SafetensorsWriter addMetadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    private SafetensorsWriter put(Tensor tensor) {
        if (tensor.name().equals(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException(
                    "a tensor cannot be named " + SafetensorsHeader.METADATA + ": it is reserved");
        }
        if (tensors.putIfAbsent(tensor.name(), tensor) != null) {
            throw new IllegalArgumentException(
                    "tensor '" + tensor.name() + "' is added twice: names must be unique");
        }
        return this;
    }

    /**
     * Writes the file beside its final place and moves it there at the end; on failure nothing is
     * left behind, and a file that was there before is untouched.
     *
     * @param path the file; replaced if it exists
     * @throws IOException if the file cannot be written
     * @throws IllegalArgumentException if a value does not fit the integer type it is to be stored
     *     as
     */
    public void write(Path path) throws IOException {
        Path target = path.toAbsolutePath();
        Path temporary =
                target.resolveSibling(
                        "." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        List<Tensor> ordered = new ArrayList<>(tensors.values());
        ordered.sort(
                Comparator.comparing((Tensor tensor) -> -tensor.type().byteSize())
                        .thenComparing(Tensor::name));
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                writeFully(channel, header(ordered));
                for (Tensor tensor : ordered) {
                    tensor.elements()
                            .encode(
                                    tensor.name(),
                                    tensor.type(),
                                    buffer -> writeFully(channel, buffer));
                }
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private ByteBuffer header(List<Tensor> ordered) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.beginObject();
            if (!metadata.isEmpty()) {
                json.name(SafetensorsHeader.METADATA).beginObject();
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    json.name(entry.getKey()).value(entry.getValue());
                }
                json.endObject();
            }
            long offset = 0;
            for (Tensor tensor : ordered) {
                json.name(tensor.name()).beginObject();
                json.name("dtype").value(tensor.type().name());
                json.name("shape").beginArray();
                for (long dimension : tensor.shape().getShape()) {
                    json.value(dimension);
                }
                json.endArray();
                json.name("data_offsets").beginArray().value(offset);
                offset += tensor.byteLength();
                json.value(offset).endArray().endObject();
            }
            json.endObject();
        }
        ByteBuffer utf8 =
                StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text.toString()));
        int length = (utf8.remaining() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (length > SafetensorsHeader.MAX_LENGTH) {
            throw new IOException(
                    "the header would have "
                            + length
                            + " bytes, above the format's limit of "
                            + SafetensorsHeader.MAX_LENGTH
                            + ": write several files");
        }
        byte[] padded = new byte[Long.BYTES + length];
        Arrays.fill(padded, (byte) ' ');
        ByteBuffer header = ByteBuffer.wrap(padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(utf8).rewind();
        return header;
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}

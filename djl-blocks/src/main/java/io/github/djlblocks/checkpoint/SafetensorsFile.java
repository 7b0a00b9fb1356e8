package io.github.djlblocks.checkpoint;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.checkpoint.SafetensorsHeader.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * One safetensors file, memory-mapped.
 *
 * <p>Layout: the header's length as an unsigned little-endian 64-bit number, the header in JSON,
 * the tensors' bytes. The header is checked whole on opening, against the size of the file; tensors
 * are read only when asked for. Any size of file works, and reading takes no more Java memory than
 * one buffer of 64 MiB.
 *
 * <p>Format: <a href="https://github.com/huggingface/safetensors#format">safetensors</a>.
 */
public final class SafetensorsFile implements TensorSource {

    private static final int LENGTH_BYTES = 8;

    /** Rows are read by the million: a buffer for each would fill the heap. */
    private static final ThreadLocal<ByteBuffer> PIECE =
            ThreadLocal.withInitial(
                    () -> ByteBuffer.allocateDirect(1 << 17).order(ByteOrder.LITTLE_ENDIAN));

    private static final String LFS_POINTER = "version ";

    private final Path path;
    private final MappedWindows windows;
    private final SafetensorsHeader header;
    private final long dataStart;
    private final ArrayReader arrays;

    private SafetensorsFile(
            Path path,
            MappedWindows windows,
            SafetensorsHeader header,
            long dataStart,
            ArrayReader arrays) {
        this.path = path;
        this.windows = windows;
        this.header = header;
        this.dataStart = dataStart;
        this.arrays = arrays;
    }

    /**
     * Opens a file and checks its header.
     *
     * @param path the file
     * @return the open file; close it when everything is read
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if it is not a whole, consistent safetensors file
     */
    public static SafetensorsFile open(Path path) throws IOException, MalformedModelException {
        return open(path, new ArrayReader(ArrayReader.DEFAULT_CHUNK_BYTES));
    }

    /** Opens a file that shares its conversion buffer with others, as shards do. */
    static SafetensorsFile open(Path path, ArrayReader arrays)
            throws IOException, MalformedModelException {
        return open(path, arrays, ArrayReader.DEFAULT_CHUNK_BYTES, 1L << 30);
    }

    static SafetensorsFile open(Path path, int chunkBytes, long windowBytes)
            throws IOException, MalformedModelException {
        return open(path, new ArrayReader(chunkBytes), chunkBytes, windowBytes);
    }

    private static SafetensorsFile open(
            Path path, ArrayReader arrays, int chunkBytes, long windowBytes)
            throws IOException, MalformedModelException {
        MappedWindows windows = new MappedWindows(path, windowBytes, chunkBytes);
        boolean opened = false;
        try {
            byte[] json = readHeader(path, windows, chunkBytes);
            long dataStart = (long) LENGTH_BYTES + json.length;
            SafetensorsHeader header =
                    SafetensorsHeader.parse(path.toString(), json, windows.size() - dataStart);
            opened = true;
            return new SafetensorsFile(path, windows, header, dataStart, arrays);
        } finally {
            if (!opened) {
                windows.close();
            }
        }
    }

    private static byte[] readHeader(Path path, MappedWindows windows, int chunkBytes)
            throws MalformedModelException {
        if (windows.size() < LENGTH_BYTES) {
            throw new MalformedModelException(
                    path
                            + ": "
                            + windows.size()
                            + " bytes, but a safetensors file has at least "
                            + LENGTH_BYTES
                            + ": fetch it again");
        }
        long length = windows.slice(0, LENGTH_BYTES).getLong();
        if (length < 0 || length > SafetensorsHeader.MAX_LENGTH) {
            byte[] start = new byte[LENGTH_BYTES];
            windows.slice(0, LENGTH_BYTES).get(start);
            boolean pointer = LFS_POINTER.equals(new String(start, StandardCharsets.ISO_8859_1));
            throw new MalformedModelException(
                    path
                            + ": header length "
                            + Long.toUnsignedString(length)
                            + " is above the limit of "
                            + SafetensorsHeader.MAX_LENGTH
                            + (pointer
                                    ? ": this is a Git LFS pointer, fetch the file it stands for"
                                    : ": not a safetensors file, or a damaged one; fetch it"
                                            + " again"));
        }
        if (length > windows.size() - LENGTH_BYTES) {
            throw new MalformedModelException(
                    path
                            + ": header length "
                            + length
                            + " reaches behind the end of the file ("
                            + windows.size()
                            + " bytes): the file is cut short; fetch it again");
        }
        byte[] json = new byte[(int) length];
        for (int done = 0; done < json.length; ) {
            int part = Math.min(chunkBytes, json.length - done);
            windows.slice((long) LENGTH_BYTES + done, part).get(json, done, part);
            done += part;
        }
        return json;
    }

    @Override
    public Set<String> names() {
        return header.tensors().keySet();
    }

    @Override
    public TensorInfo info(String name) {
        return entry(name).info();
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public synchronized NDArray read(String name, NDManager manager, DataType dataType) {
        Entry entry = entry(name);
        Conversions.check(entry.info(), dataType);
        return arrays.read(entry.info(), bytes(entry), manager, dataType);
    }

    @Override
    public synchronized double[] readDoubles(String name) {
        Entry entry = entry(name);
        return arrays.readDoubles(entry.info(), bytes(entry));
    }

    @Override
    public void readFloats(String name, long start, float[] values) {
        Entry entry = entry(name);
        TensorInfo info = entry.info();
        Conversions.check(info, DataType.FLOAT32);
        info.requireRange(name, start, values.length);
        int width = info.type().byteSize();
        ByteBuffer piece = PIECE.get();
        int most = piece.capacity() / width;
        for (int done = 0; done < values.length; done += most) {
            int count = Math.min(most, values.length - done);
            piece.clear().limit(count * width);
            windows.read(dataStart + entry.begin() + (start + done) * width, piece);
            Conversions.toFloats(info.type(), piece.flip(), values, done, count);
        }
    }

    @Override
    public synchronized void close() {
        windows.close();
    }

    private ArrayReader.Bytes bytes(Entry entry) {
        return (offset, length) -> windows.slice(dataStart + entry.begin() + offset, length);
    }

    private Entry entry(String name) {
        Entry entry = header.tensors().get(name);
        if (entry == null) {
            throw new IllegalArgumentException(
                    path
                            + " has no tensor '"
                            + name
                            + "' among its "
                            + header.tensors().size()
                            + ": names() lists them");
        }
        return entry;
    }

    @Override
    public String toString() {
        return path + " (" + header.tensors().size() + " tensors)";
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Arrays of any engine, and numbers, as tensors of an archive. */
final class StoredArrays {

    /** As many bytes are asked of the engine at once. */
    private static final long CHUNK = 1 << 26;

    private StoredArrays() {}

    /** The array's numbers as they are when the archive is written. */
    static StoredTensor of(NDArray array) {
        return new StoredTensor(
                type(array.getDataType()), array.getShape(), out -> write(array, CHUNK, out));
    }

    /** Numbers; those of FLOAT16 wait as FLOAT64. */
    static StoredTensor of(ScriptWriter.Numbers numbers) {
        Shape shape = new Shape(numbers.shape().stream().mapToLong(Long::longValue).toArray());
        TensorType type = type(stored(numbers.type()));
        LittleEndian bytes = new LittleEndian();
        for (double number : numbers.values()) {
            switch (type) {
                case FLOAT64 -> bytes.int64(Double.doubleToRawLongBits(number));
                case FLOAT32 -> bytes.int32(Float.floatToRawIntBits((float) number));
                case INT64 -> bytes.int64((long) number);
                case INT32 -> bytes.int32((int) number);
                default -> bytes.int8((int) number);
            }
        }
        byte[] content = bytes.toBytes();
        return new StoredTensor(type, shape, out -> out.write(content));
    }

    /** The type that numbers of a type are stored in. */
    static DataType stored(DataType type) {
        return type == DataType.FLOAT16 ? DataType.FLOAT64 : type;
    }

    private static TensorType type(DataType type) {
        return switch (type) {
            case FLOAT16 -> TensorType.FLOAT16;
            case FLOAT32 -> TensorType.FLOAT32;
            case FLOAT64 -> TensorType.FLOAT64;
            case INT8 -> TensorType.INT8;
            case UINT8 -> TensorType.UINT8;
            case INT32 -> TensorType.INT32;
            case INT64 -> TensorType.INT64;
            case BOOLEAN -> TensorType.BOOL;
            default ->
                    throw new UnsupportedOperationException(
                            "an array of " + type + " cannot be exported: cast it first");
        };
    }

    /** Writes the elements, a few rows at a time where they are many. */
    static void write(NDArray array, long chunk, OutputStream out) throws IOException {
        long bytes = array.size() * array.getDataType().getNumOfBytes();
        if (bytes == 0) {
            return;
        }
        if (bytes <= chunk || array.getShape().dimension() == 0) {
            writeWhole(array, out);
            return;
        }
        long rows = array.getShape().get(0);
        long step = Math.max(1, rows * chunk / bytes);
        for (long row = 0; row < rows; row += step) {
            long end = Math.min(rows, row + step);
            try (NDArray part = array.get(new NDIndex().addSliceDim(row, end))) {
                writeWhole(part, out);
            }
        }
    }

    private static void writeWhole(NDArray array, OutputStream out) throws IOException {
        ByteBuffer buffer = HostBytes.of(array);
        byte[] content = new byte[buffer.remaining()];
        buffer.get(content);
        out.write(content);
    }
}

package io.github.djlblocks.parity;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.IntToDoubleFunction;

/**
 * Reads arrays of any engine, device and common dtype as {@code double[]}, leaving nothing behind.
 */
public final class HostValues {

    private HostValues() {}

    /**
     * Reads the elements of an array, row-major; BOOLEAN as 0 and 1.
     *
     * @param array a dense FLOAT16, FLOAT32, FLOAT64, INT8, UINT8, INT32, INT64 or BOOLEAN array
     * @return its elements, exactly
     * @throws IllegalArgumentException for any other dtype, and for an INT64 that is no double
     */
    public static double[] of(NDArray array) {
        if (array.size() == 0) {
            return new double[0];
        }
        if (array.getDataType() == DataType.FLOAT16) {
            try (NDArray wide = array.toType(DataType.FLOAT32, true)) {
                return of(wide);
            }
        }
        if (array.getDevice().isGpu()) {
            try (NDArray host = array.toDevice(Device.cpu(), true)) {
                return of(host);
            }
        }
        DataType type = array.getDataType();
        requireReadable(type);
        // Copied to the Java heap: a direct buffer of a strided PyTorch array makes a contiguous
        // array that stays in the manager.
        ByteBuffer bytes = array.toByteBuffer(false).order(ByteOrder.nativeOrder());
        int size = Math.toIntExact(array.size());
        return switch (type) {
            case FLOAT32 -> read(size, i -> bytes.getFloat(4 * i));
            case FLOAT64 -> read(size, i -> bytes.getDouble(8 * i));
            case INT8 -> read(size, bytes::get);
            case INT32 -> read(size, i -> bytes.getInt(4 * i));
            case INT64 -> read(size, i -> exact(bytes.getLong(8 * i)));
            default -> read(size, i -> bytes.get(i) & 0xff);
        };
    }

    private static void requireReadable(DataType type) {
        switch (type) {
            case FLOAT32, FLOAT64, INT8, UINT8, INT32, INT64, BOOLEAN -> {}
            default ->
                    throw new IllegalArgumentException(
                            type + " cannot be read safely: cast it on the engine first");
        }
    }

    private static double[] read(int size, IntToDoubleFunction element) {
        double[] values = new double[size];
        for (int i = 0; i < size; i++) {
            values[i] = element.applyAsDouble(i);
        }
        return values;
    }

    private static double exact(long value) {
        double wide = (double) value;
        if ((long) wide != value || value == Long.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "INT64 value "
                            + value
                            + " is not exactly a double: compare such arrays with toLongArray()");
        }
        return wide;
    }
}

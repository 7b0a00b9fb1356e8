package io.github.djlblocks.format;

import io.github.djlblocks.internal.SmallFloats;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** A weight matrix that is read one row (one output channel) at a time. */
@FunctionalInterface
public interface WeightRows {

    /**
     * Reads a row.
     *
     * @param row which one, from 0
     * @param values receives the row; as long as the matrix is wide
     */
    void read(int row, float[] values);

    /**
     * Rows of an array.
     *
     * @param values the matrix {@code (out, in)}, rows one after another; not copied
     * @param out how many rows
     * @param in how many columns
     * @return its rows
     * @throws IllegalArgumentException if there are not {@code out x in} values
     */
    static WeightRows of(float[] values, int out, int in) {
        requireLength(values.length, out, in, 1, "values");
        return (row, target) -> System.arraycopy(values, row * in, target, 0, in);
    }

    /**
     * Rows of little-endian binary32 bytes, whatever order the buffer itself is set to.
     *
     * @param bytes the matrix from the buffer's position to its limit; not copied
     * @param out how many rows
     * @param in how many columns
     * @return its rows
     * @throws IllegalArgumentException if there are not {@code out x in x 4} bytes
     */
    static WeightRows ofFloat32(ByteBuffer bytes, int out, int in) {
        requireLength(bytes.remaining(), out, in, 4, "bytes");
        FloatBuffer floats = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        return (row, target) -> floats.get(row * in, target, 0, in);
    }

    /**
     * Rows of little-endian binary16 bytes, whatever order the buffer itself is set to.
     *
     * @param bytes the matrix from the buffer's position to its limit; not copied
     * @param out how many rows
     * @param in how many columns
     * @return its rows
     * @throws IllegalArgumentException if there are not {@code out x in x 2} bytes
     */
    static WeightRows ofFloat16(ByteBuffer bytes, int out, int in) {
        ShortBuffer halves = shorts(bytes, out, in);
        return (row, target) -> {
            for (int i = 0; i < in; i++) {
                target[i] = SmallFloats.halfToFloat(halves.get(row * in + i));
            }
        };
    }

    /**
     * Rows of little-endian bfloat16 bytes, whatever order the buffer itself is set to.
     *
     * @param bytes the matrix from the buffer's position to its limit; not copied
     * @param out how many rows
     * @param in how many columns
     * @return its rows
     * @throws IllegalArgumentException if there are not {@code out x in x 2} bytes
     */
    static WeightRows ofBfloat16(ByteBuffer bytes, int out, int in) {
        ShortBuffer halves = shorts(bytes, out, in);
        return (row, target) -> {
            for (int i = 0; i < in; i++) {
                target[i] = SmallFloats.bfloat16ToFloat(halves.get(row * in + i));
            }
        };
    }

    private static ShortBuffer shorts(ByteBuffer bytes, int out, int in) {
        requireLength(bytes.remaining(), out, in, 2, "bytes");
        return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
    }

    private static void requireLength(int length, int out, int in, int size, String unit) {
        long needed = (long) out * in * size;
        if (length != needed) {
            throw new IllegalArgumentException(
                    "a weight of ("
                            + out
                            + ", "
                            + in
                            + ") has "
                            + needed
                            + " "
                            + unit
                            + ", not "
                            + length);
        }
    }
}

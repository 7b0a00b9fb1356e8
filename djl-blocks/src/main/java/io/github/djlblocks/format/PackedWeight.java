package io.github.djlblocks.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.stream.IntStream;

/**
 * A weight matrix {@code (out, in)} in a {@link WeightFormat}, in native memory of its own.
 *
 * <p>{@link #toFloats} is the portable twin of every kernel on the format: the numbers they all
 * multiply with.
 */
public final class PackedWeight {

    /** How many rows a thread takes at once. */
    private static final int ROWS = 64;

    private final WeightFormat format;
    private final int out;
    private final int in;
    private final ByteBuffer codes;
    private final ByteBuffer scales;

    private PackedWeight(WeightFormat format, int out, int in) {
        this.format = format;
        this.out = out;
        this.in = in;
        this.codes = direct(format.codeBytes(out, in));
        this.scales = direct(format.scaleBytes(out, in));
    }

    private static ByteBuffer direct(long bytes) {
        return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
    }

    static PackedWeight pack(WeightFormat format, String name, int out, int in, WeightRows rows) {
        PackedWeight packed = new PackedWeight(format, out, in);
        pack(format, name, out, in, rows, packed.codes, packed.scales);
        return packed;
    }

    static void pack(
            WeightFormat format,
            String name,
            int out,
            int in,
            WeightRows rows,
            ByteBuffer codes,
            ByteBuffer scales) {
        requireCapacity("codes", codes, format.codeBytes(out, in));
        requireCapacity("scales", scales, format.scaleBytes(out, in));
        RowCodec codec = format.codec(out);
        ByteBuffer target = codes.duplicate().order(ByteOrder.nativeOrder());
        ShortBuffer steps = scales.duplicate().order(ByteOrder.nativeOrder()).asShortBuffer();
        IntStream.range(0, (out + ROWS - 1) / ROWS)
                .parallel()
                .forEach(
                        block -> {
                            float[] values = new float[in];
                            int end = Math.min(out, (block + 1) * ROWS);
                            for (int row = block * ROWS; row < end; row++) {
                                encode(format, codec, name, row, values, rows, target, steps);
                            }
                        });
    }

    private static void requireCapacity(String what, ByteBuffer buffer, long wanted) {
        if (buffer.capacity() < wanted) {
            throw new IllegalArgumentException(
                    what + " take " + wanted + " bytes, the buffer has " + buffer.capacity());
        }
    }

    private static void encode(
            WeightFormat format,
            RowCodec codec,
            String name,
            int row,
            float[] values,
            WeightRows rows,
            ByteBuffer codes,
            ShortBuffer scales) {
        RowCodec.Problem problem =
                (column, value, why) ->
                        new IllegalArgumentException(
                                "'%s' has %s at row %d, column %d: %s"
                                        .formatted(name, value, row, column, why));
        rows.read(row, values);
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw problem.at(i, values[i], format + " stores finite weights only");
            }
        }
        codec.encode(row, values, codes, scales, problem);
    }

    /**
     * Returns the format.
     *
     * @return the format
     */
    public WeightFormat format() {
        return format;
    }

    /**
     * Returns how many rows there are.
     *
     * @return the output channels
     */
    public int out() {
        return out;
    }

    /**
     * Returns how many columns there are.
     *
     * @return the input channels
     */
    public int in() {
        return in;
    }

    /**
     * Returns the codes, row after row: floats of the format's width; signed bytes for {@code
     * int8}; for {@code int4} two a byte, the even column in the lower half.
     *
     * @return a new read-only direct buffer in native order
     */
    public ByteBuffer codes() {
        return codes.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
    }

    /**
     * Returns the bfloat16 scales: {@code int8} the step of each row, {@code (out)}; {@code int4}
     * step and offset of each group of each row, {@code (in / group, out, 2)}; none otherwise.
     *
     * @return a new read-only direct buffer in native order
     */
    public ByteBuffer scales() {
        return scales.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
    }

    /**
     * Returns what codes and scales take together.
     *
     * @return bytes, equal to {@link WeightFormat#byteSize}
     */
    public long byteSize() {
        return (long) codes.capacity() + scales.capacity();
    }

    /**
     * Reads a row back.
     *
     * @param row which one
     * @param values receives the row
     * @throws IllegalArgumentException if there is no such row, or {@code values} is not as long as
     *     the matrix is wide
     */
    public void readRow(int row, float[] values) {
        if (row < 0 || row >= out) {
            throw new IllegalArgumentException("row (" + row + ") must be in 0 .. " + (out - 1));
        }
        if (values.length != in) {
            throw new IllegalArgumentException(
                    "a row has " + in + " values, the array has " + values.length);
        }
        format.codec(out).decode(row, values, codes, scales.asShortBuffer());
    }

    /**
     * Reads the matrix back.
     *
     * @return the values, rows one after another
     * @throws IllegalArgumentException if there are 2^31 or more: read it row by row
     */
    public float[] toFloats() {
        long size = (long) out * in;
        if (size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(size + " values are no array: use readRow");
        }
        float[] all = new float[(int) size];
        float[] values = new float[in];
        for (int row = 0; row < out; row++) {
            readRow(row, values);
            System.arraycopy(values, 0, all, row * in, in);
        }
        return all;
    }

    @Override
    public String toString() {
        return format + " (" + out + ", " + in + ")";
    }
}

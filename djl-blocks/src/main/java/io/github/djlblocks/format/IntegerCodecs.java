package io.github.djlblocks.format;

import io.github.djlblocks.internal.SmallFloats;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** The formats whose codes are small integers on a grid with a bfloat16 step. */
final class IntegerCodecs {

    /** The smallest normal float: a row of zeros divides by it and gives zeros. */
    private static final double SMALLEST_STEP = 0x1p-126;

    /** A step is up to 2^-7 too long; from here on, a decoded value could be no float. */
    private static final float LARGEST = 0x1p127f;

    private IntegerCodecs() {}

    /** The smallest bfloat16 not below a value, and not below {@link #SMALLEST_STEP}. */
    static short step(double value) {
        double wanted = Math.max(value, SMALLEST_STEP);
        short nearest = SmallFloats.doubleToBfloat16(wanted);
        // Patterns of positive values are in the order of the values.
        return SmallFloats.bfloat16ToFloat(nearest) < wanted ? (short) (nearest + 1) : nearest;
    }

    private static void requireRange(float[] values, RowCodec.Problem problem) {
        for (int i = 0; i < values.length; i++) {
            if (Math.abs(values[i]) > LARGEST) {
                throw problem.at(i, values[i], "integer codes end at 2^127: use float32");
            }
        }
    }

    /** One symmetric step a row; codes -127 to 127. */
    static final class Int8 implements RowCodec {

        @Override
        public void encode(
                int row, float[] values, ByteBuffer codes, ShortBuffer scales, Problem problem) {
            requireRange(values, problem);
            float largest = 0;
            for (float value : values) {
                largest = Math.max(largest, Math.abs(value));
            }
            short stored = step(largest / 127.0);
            double step = SmallFloats.bfloat16ToFloat(stored);
            scales.put(row, stored);
            int start = row * values.length;
            for (int i = 0; i < values.length; i++) {
                codes.put(start + i, (byte) (int) Math.rint(values[i] / step));
            }
        }

        @Override
        public void decode(int row, float[] values, ByteBuffer codes, ShortBuffer scales) {
            float step = SmallFloats.bfloat16ToFloat(scales.get(row));
            int start = row * values.length;
            for (int i = 0; i < values.length; i++) {
                values[i] = codes.get(start + i) * step;
            }
        }
    }

    /** A step and an offset a group of columns; codes 0 to 15, two a byte, the even column low. */
    static final class Int4 implements RowCodec {

        private final int group;
        private final int out;

        Int4(int group, int out) {
            this.group = group;
            this.out = out;
        }

        @Override
        public void encode(
                int row, float[] values, ByteBuffer codes, ShortBuffer scales, Problem problem) {
            requireRange(values, problem);
            for (int from = 0; from < values.length; from += group) {
                double low = 0;
                double high = 0;
                for (int i = from; i < from + group; i++) {
                    low = Math.min(low, values[i]);
                    high = Math.max(high, values[i]);
                }
                short storedStep = step((high - low) / 15);
                double step = SmallFloats.bfloat16ToFloat(storedStep);
                short storedZero = SmallFloats.doubleToBfloat16(low + 8 * step);
                double zero = SmallFloats.bfloat16ToFloat(storedZero);
                int at = at(row, from);
                scales.put(at, storedStep).put(at + 1, storedZero);
                int start = row * (values.length / 2) + from / 2;
                for (int i = 0; i < group; i += 2) {
                    int even = code(values[from + i], step, zero);
                    int odd = code(values[from + i + 1], step, zero);
                    codes.put(start + i / 2, (byte) (even | odd << 4));
                }
            }
        }

        private static int code(float value, double step, double zero) {
            return (int) Math.max(0, Math.min(15, Math.rint((value - zero) / step) + 8));
        }

        @Override
        public void decode(int row, float[] values, ByteBuffer codes, ShortBuffer scales) {
            int start = row * (values.length / 2);
            for (int i = 0; i < values.length; i++) {
                int at = at(row, i);
                double step = SmallFloats.bfloat16ToFloat(scales.get(at));
                double zero = SmallFloats.bfloat16ToFloat(scales.get(at + 1));
                int code = codes.get(start + i / 2) >> (i % 2 * 4) & 15;
                values[i] = (float) ((code - 8) * step + zero);
            }
        }

        private int at(int row, int column) {
            return (column / group * out + row) * 2;
        }
    }
}

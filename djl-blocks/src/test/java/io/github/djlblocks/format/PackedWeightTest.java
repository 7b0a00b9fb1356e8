package io.github.djlblocks.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Codes and scales against their definition, found by trying every bfloat16 and every code in
 * decimal arithmetic.
 */
class PackedWeightTest {

    private static final int OUT = 5;
    private static final int IN = 128;

    /** Rows of unlike sizes: ordinary, tiny, huge, all zero, all of one sign. */
    private static float[] weights() {
        Random random = new Random(7);
        float[] w = new float[OUT * IN];
        double[] sizes = {0.02, 1e-30, 1e30, 0, 3};
        for (int i = 0; i < w.length; i++) {
            double g = random.nextGaussian() * sizes[i / IN];
            w[i] = (float) (i / IN == 4 ? -Math.abs(g) - 1 : g);
        }
        return w;
    }

    private static PackedWeight pack(WeightFormat format) {
        return format.pack("w", OUT, IN, WeightRows.of(weights(), OUT, IN));
    }

    private static float bfloat16(int pattern) {
        return Float.intBitsToFloat(pattern << 16);
    }

    private static BigDecimal exact(double value) {
        return new BigDecimal(value);
    }

    /** The smallest normal bfloat16 that, taken {@code count} times, reaches {@code range}. */
    private static float smallestStep(BigDecimal range, int count) {
        for (int pattern = 0x0080; pattern < 0x7F80; pattern++) {
            BigDecimal reach = exact(bfloat16(pattern)).multiply(BigDecimal.valueOf(count));
            if (reach.compareTo(range) >= 0) {
                return bfloat16(pattern);
            }
        }
        throw new AssertionError("no step for " + range);
    }

    private static float nearestBfloat16(BigDecimal value) {
        int best = 0;
        for (int pattern = 0; pattern < 0x10000; pattern++) {
            if ((pattern & 0x7F80) == 0x7F80) {
                continue;
            }
            int closer =
                    exact(bfloat16(pattern))
                            .subtract(value)
                            .abs()
                            .compareTo(exact(bfloat16(best)).subtract(value).abs());
            if (closer < 0 || (closer == 0 && pattern % 2 == 0)) {
                best = pattern;
            }
        }
        return bfloat16(best);
    }

    /** The code in {@code low .. high} whose value is nearest, the even one of two. */
    private static int nearestCode(float w, float step, float zero, int low, int high) {
        int best = low;
        BigDecimal least = null;
        for (int code = low; code <= high; code++) {
            BigDecimal error =
                    exact(step)
                            .multiply(BigDecimal.valueOf(code))
                            .add(exact(zero))
                            .subtract(exact(w))
                            .abs();
            int closer = least == null ? -1 : error.compareTo(least);
            if (closer < 0 || (closer == 0 && code % 2 == 0)) {
                best = code;
                least = error;
            }
        }
        return best;
    }

    @Test
    void int8_anyRow_isNearestOnSmallestStep() {
        float[] w = weights();
        PackedWeight packed = pack(WeightFormat.INT8);
        float[] back = packed.toFloats();
        for (int row = 0; row < OUT; row++) {
            double largest = 0;
            for (int i = 0; i < IN; i++) {
                largest = Math.max(largest, Math.abs(w[row * IN + i]));
            }
            float step = smallestStep(exact(largest), 127);
            assertThat(bfloat16(packed.scales().asShortBuffer().get(row))).isEqualTo(step);
            for (int i = row * IN; i < row * IN + IN; i++) {
                int code = nearestCode(w[i], step, 0, -127, 127);
                assertThat((int) packed.codes().get(i)).isEqualTo(code);
                assertThat(back[i]).isEqualTo(code * step);
                assertThat(Math.abs((double) back[i] - w[i])).isLessThanOrEqualTo(step / 2.0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void int4_anyGroup_isNearestOnSmallestStep(int group) {
        float[] w = weights();
        PackedWeight packed = pack(WeightFormat.int4(group));
        float[] back = packed.toFloats();
        ShortBuffer scales = packed.scales().asShortBuffer();
        for (int from = 0; from < w.length; from += group) {
            float low = 0;
            float high = 0;
            for (int i = from; i < from + group; i++) {
                low = Math.min(low, w[i]);
                high = Math.max(high, w[i]);
            }
            float step = smallestStep(exact(high).subtract(exact(low)), 15);
            float zero =
                    nearestBfloat16(exact(step).multiply(BigDecimal.valueOf(8)).add(exact(low)));
            int at = (from % IN / group * OUT + from / IN) * 2;
            assertThat(bfloat16(scales.get(at))).isEqualTo(step);
            assertThat(bfloat16(scales.get(at + 1))).isEqualTo(zero);
            for (int i = from; i < from + group; i++) {
                int code = nearestCode(w[i], step, zero, -8, 7);
                int stored = packed.codes().get(i / 2) >> (i % 2 == 0 ? 0 : 4) & 15;
                assertThat(stored - 8).isEqualTo(code);
                assertThat(back[i]).isEqualTo((float) (code * (double) step + zero));
                // Reading back rounds once more, to a float.
                assertThat(Math.abs((double) back[i] - w[i]))
                        .isLessThanOrEqualTo(step / 2.0 + Math.ulp(back[i]) / 2);
            }
        }
    }

    /** 2 / 127 rounds up to the bfloat16 0x1.04p-6: 1.5 steps are a tie, and so are 2.5. */
    @Test
    void int8_tie_goesToEven() {
        float step = 0x1.04p-6f;
        float[] w = {2, 1.5f * step, 2.5f * step, -0.5f * step};
        PackedWeight packed = WeightFormat.INT8.pack("w", 1, 4, WeightRows.of(w, 1, 4));
        assertThat(bytes(packed.codes())).containsExactly(126, 2, 2, 0);
        assertThat(packed.toFloats()).containsExactly(126 * step, 2 * step, 2 * step, 0);
    }

    @Test
    void zeroRow_readsBackZeros() {
        for (String text : new String[] {"float16", "bfloat16", "int8", "int4"}) {
            PackedWeight packed =
                    WeightFormat.parse(text)
                            .pack("w", 2, 64, (row, values) -> values[0] = row == 0 ? 3 : 0);
            float[] row = new float[64];
            packed.readRow(1, row);
            assertThat(row).as(text).containsOnly(0);
        }
    }

    /** 1 + 2^-8 lies between two bfloat16, 1 + 2^-11 between two binary16; 3 ulp is a tie, up. */
    @Test
    void float16AndBfloat16_tie_goToEven() {
        float[] w = {1 + 0x1p-8f, 1 + 0x3p-8f, -1 - 0x1p-11f, 1 + 0x3p-11f};
        WeightRows rows = WeightRows.of(w, 2, 2);
        assertThat(WeightFormat.BFLOAT16.pack("w", 2, 2, rows).toFloats())
                .containsExactly(1, 1 + 0x1p-6f, -1, 1);
        assertThat(WeightFormat.FLOAT16.pack("w", 2, 2, rows).toFloats())
                .containsExactly(1 + 0x1p-8f, 1 + 0x3p-8f, -1, 1 + 0x1p-9f);
        assertThat(WeightFormat.FLOAT32.pack("w", 2, 2, rows).toFloats()).containsExactly(w);
    }

    @Test
    void rows_ofBytes_readLittleEndian() {
        ByteBuffer floats = ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN);
        floats.putShort((short) 9);
        for (int i = 0; i < 6; i++) {
            floats.putFloat(i + 0.5f);
        }
        ByteBuffer bytes = ByteBuffer.wrap(floats.array()).position(2).slice();
        assertThat(bytes.order()).isEqualTo(ByteOrder.BIG_ENDIAN);
        assertThat(read(WeightRows.ofFloat32(bytes, 2, 3), 1, 3)).containsExactly(3.5f, 4.5f, 5.5f);
        // 1, -2, 0.5 in each 16-bit format.
        ByteBuffer halves = ByteBuffer.wrap(new byte[] {0, 0x3C, 0, (byte) 0xC0, 0, 0x38});
        assertThat(read(WeightRows.ofFloat16(halves, 3, 1), 1, 1)).containsExactly(-2);
        assertThat(read(WeightRows.ofFloat16(halves, 1, 3), 0, 3)).containsExactly(1, -2, 0.5f);
        ByteBuffer brains =
                ByteBuffer.wrap(new byte[] {(byte) 0x80, 0x3F, 0, (byte) 0xC0, 0, 0x3F});
        assertThat(read(WeightRows.ofBfloat16(brains, 1, 3), 0, 3)).containsExactly(1, -2, 0.5f);
        assertThat(read(WeightRows.ofBfloat16(brains, 3, 1), 2, 1)).containsExactly(0.5f);
    }

    @Test
    void rows_wrongLength_throws() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightRows.of(new float[5], 2, 3))
                .withMessage("a weight of (2, 3) has 6 values, not 5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightRows.ofBfloat16(ByteBuffer.allocate(10), 2, 3))
                .withMessage("a weight of (2, 3) has 12 bytes, not 10");
    }

    @Test
    void readRow_outside_throws() {
        PackedWeight packed = pack(WeightFormat.INT8);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.readRow(5, new float[IN]))
                .withMessage("row (5) must be in 0 .. 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.readRow(0, new float[7]))
                .withMessage("a row has 128 values, the array has 7");
    }

    private static float[] read(WeightRows rows, int row, int in) {
        float[] values = new float[in];
        rows.read(row, values);
        return values;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}

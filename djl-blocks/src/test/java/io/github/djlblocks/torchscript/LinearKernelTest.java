package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.fail;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.format.PackedWeight;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kernel against its weight read back in Java and multiplied in double. */
class LinearKernelTest {

    private static final int[][] SIZES = {
        {64, 32}, {128, 256}, {17, 33}, {1, 7}, {48, 64}, {1088, 128}, {80, 96}, {5, 100}
    };

    private static List<WeightFormat> formats(LinearKernel kernel) {
        return Stream.of("float32", "float16", "bfloat16", "int8", "int4:32", "int4:64", "int4:128")
                .map(WeightFormat::parse)
                .filter(format -> LinearKernel.of(format).contains(kernel))
                .toList();
    }

    @ParameterizedTest
    @EnumSource(LinearKernel.class)
    void linear_anySizeItSupports_isTwin(LinearKernel kernel) {
        int checked = 0;
        try (LinearModule module = new LinearModule(kernel)) {
            for (WeightFormat format : formats(kernel)) {
                for (int[] size : SIZES) {
                    if (format.takes(size[1]) && kernel.supports(size[0], size[1], 64)) {
                        check(module, kernel, format, size[0], size[1]);
                        checked++;
                    }
                }
            }
        }
        assertThat(checked).isGreaterThanOrEqualTo(4);
    }

    private static void check(
            LinearModule module, LinearKernel kernel, WeightFormat format, int out, int in) {
        Random random = new Random(out * 1000L + in);
        float[] w = gaussian(random, out * in, 0.05);
        float[] bias = gaussian(random, out, 1);
        PackedWeight weight = format.pack("w", out, in, WeightRows.of(w, out, in));
        float[] twin = weight.toFloats();
        IValue[] parts = module.pack(weight);
        for (int rows : out > 128 ? new int[] {1, 3} : new int[] {1, 3, 64}) {
            float[] x = gaussian(random, rows * in, 2);
            for (int i = 0; i < x.length; i++) {
                // No row may be rounded by the size of another.
                x[i] *= i / in % 3 == 1 ? 100 : 1;
            }
            for (int type : new int[] {6, 15}) {
                for (boolean biased : new boolean[] {false, true}) {
                    String what =
                            "%s %s (%d, %d) rows %d type %d bias %b"
                                    .formatted(kernel, format, out, in, rows, type, biased);
                    float[] b = biased ? bias : null;
                    for (Shape lead : leads(rows)) {
                        float[] y = run(module, parts, x, lead.add(in), b, lead.add(out), type);
                        Expected expected = new Expected(kernel, type, x, twin, b, rows, out, in);
                        expected.assertNear(what + " " + lead, y);
                    }
                }
            }
        }
    }

    private static List<Shape> leads(int rows) {
        return rows == 1
                ? List.of(new Shape(1), new Shape(1, 1))
                : rows == 3
                        ? List.of(new Shape(3), new Shape(3, 1), new Shape(1, 3))
                        : List.of(new Shape(rows), new Shape(4, rows / 4));
    }

    private static float[] run(
            LinearModule module,
            IValue[] parts,
            float[] x,
            Shape shape,
            float @Nullable [] bias,
            Shape result,
            int type) {
        NDArray input = module.manager().create(x, shape);
        NDArray b = bias == null ? null : module.manager().create(bias);
        try (NDArray y = module.run(input, parts, b, type)) {
            assertThat(y.getShape()).isEqualTo(result);
            return y.toFloatArray();
        }
    }

    private static float[] gaussian(Random random, int count, double size) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * size);
        }
        return values;
    }

    /**
     * The product in double and how far a kernel may be from it: what its {@link
     * LinearKernel.Rounding} does to activations, carried through the weights; a sum of {@code in}
     * floats, {@code in 2^-24} of the sum of magnitudes; and the result's own type.
     */
    private static final class Expected {

        private final LinearKernel kernel;
        private final int type;
        private final float[] x;
        private final float[] w;
        private final float @Nullable [] bias;
        private final int rows;
        private final int out;
        private final int in;

        Expected(
                LinearKernel kernel,
                int type,
                float[] x,
                float[] w,
                float @Nullable [] bias,
                int rows,
                int out,
                int in) {
            this.kernel = kernel;
            this.type = type;
            this.x = x;
            this.w = w;
            this.bias = bias;
            this.rows = rows;
            this.out = out;
            this.in = in;
        }

        void assertNear(String what, float[] y) {
            assertThat(y).as(what).hasSize(rows * out);
            for (int r = 0; r < rows; r++) {
                double largest = 0;
                for (int i = 0; i < in; i++) {
                    largest = Math.max(largest, Math.abs(x[r * in + i]));
                }
                for (int o = 0; o < out; o++) {
                    double sum = 0;
                    double products = 0;
                    double weights = 0;
                    for (int i = 0; i < in; i++) {
                        double product = (double) x[r * in + i] * w[o * in + i];
                        sum += product;
                        products += Math.abs(product);
                        weights += Math.abs(w[o * in + i]);
                    }
                    boolean narrow = type == 15;
                    double rounding =
                            switch (kernel.rounding()) {
                                case FLOAT32 -> 0;
                                case OF_X -> narrow ? (products + Math.abs(sum)) * 0x1p-8 : 0;
                                case BFLOAT16 -> products * 0x1p-9 + Math.abs(sum) * 0x1p-8;
                                case BFLOAT16_WEIGHTS -> (products + Math.abs(sum)) * 0x1p-8;
                                // The zero point is rounded as well: half a step more.
                                case ROW_RANGE -> weights * largest * 2 / 255;
                                case ROW_STEP -> weights * largest / 127 / 2;
                            };
                    double b = bias == null ? 0 : bias[o];
                    double entry = narrow ? products * 0x1p-9 : 0;
                    double exit = (narrow ? 0x1p-8 : 0x1p-23) * (Math.abs(sum) + 2 * Math.abs(b));
                    double allowed = rounding * 1.01 + entry + exit + in * 0x1p-24 * products;
                    // An assertion for each of a million values takes longer than the values.
                    double difference = Math.abs(y[r * out + o] - (sum + b));
                    if (!(difference <= allowed)) {
                        fail(
                                "%s: %s at %d, %d is %s from %s, allowed %s",
                                what, y[r * out + o], r, o, difference, sum + b, allowed);
                    }
                }
            }
        }
    }

    @Test
    void supports_unsafeSizes_refuses() {
        assertThat(LinearKernel.INT8_PACK.supports(17, 33, 3)).isFalse();
        assertThat(LinearKernel.INT8_PACK.supports(17, 64, 3)).isTrue();
        assertThat(LinearKernel.INT4_PACK.supports(17, 32, 1)).isFalse();
        assertThat(LinearKernel.INT4_PACK.supports(48, 32, 1)).isTrue();
        assertThat(LinearKernel.INT4_UNPACK.supports(48, 32, 1)).isFalse();
    }

    @Test
    void of_format_listsItsKernels() {
        assertThat(LinearKernel.of(WeightFormat.int4(64)))
                .containsExactly(
                        LinearKernel.INT4_PACK,
                        LinearKernel.INT4_UNPACK,
                        LinearKernel.INT4_WIDENED);
        assertThat(LinearKernel.of(WeightFormat.FLOAT16))
                .containsExactly(LinearKernel.FLOAT16_FBGEMM, LinearKernel.FLOAT16_WIDENED);
    }

    @Test
    void byId_unknown_listsKnown() {
        assertThat(LinearKernel.byId("int8.rows")).isEqualTo(LinearKernel.INT8_ROWS);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LinearKernel.byId("int8.magic"))
                .withMessageStartingWith(
                        "no linear kernel 'int8.magic': use one of [float32.plain,"
                                + " float32.mkldnn,");
    }

    @Test
    void call_wrongParts_throws() {
        assertThat(LinearKernel.INT8_PACK.call("x", List.of("w[0]", "w[1]"), "None"))
                .isEqualTo("self.linear_pack_int8(x, w[0], w[1], None)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LinearKernel.INT8_PACK.call("x", List.of("w"), "None"))
                .withMessage("int8.pack takes 2 parts, not 1");
    }
}

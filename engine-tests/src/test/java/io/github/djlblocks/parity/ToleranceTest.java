package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class ToleranceTest {

    // 3 * sqrt(16) * 2^-k * max(|-0.5|, 4) = 48 * 2^-k, and every factor is a power of two or
    // small.
    @Test
    void allowed_eachDtype_followsTheFormula() {
        assertThat(allowed(DataType.FLOAT16)).isEqualTo(48 / 1024.0);
        assertThat(allowed(DataType.BFLOAT16)).isEqualTo(48 / 128.0);
        assertThat(allowed(DataType.FLOAT32)).isEqualTo(48 / 8388608.0);
        assertThat(allowed(DataType.FLOAT64)).isEqualTo(48 / 4503599627370496.0);
    }

    private static double allowed(DataType dataType) {
        return Tolerance.of(dataType, 16, 3).allowed(-0.5, 4);
    }

    @Test
    void allowed_scales_largestOfElementTensorAndMinimumCounts() {
        Tolerance tolerance = Tolerance.of(DataType.FLOAT32, 1, 1);

        assertThat(tolerance.allowed(-8, 4)).isEqualTo(8 * 0x1p-23);
        assertThat(tolerance.withMinimumScale(32).allowed(-8, 4)).isEqualTo(32 * 0x1p-23);
        assertThat(tolerance.allowed(Double.POSITIVE_INFINITY, 4)).isEqualTo(4 * 0x1p-23);
        assertThat(tolerance.allowed(Double.NaN, 4)).isEqualTo(4 * 0x1p-23);
    }

    // Below the normal range rounding is absolute: half the spacing of the subnormals at most.
    @Test
    void allowed_subnormalScale_isTheSmallestPositiveNumber() {
        assertThat(Tolerance.of(DataType.FLOAT16, 4, 5).allowed(0, 0)).isEqualTo(10 * 0x1p-24);
        assertThat(Tolerance.of(DataType.BFLOAT16, 4, 5).allowed(0, 0)).isEqualTo(10 * 0x1p-133);
        assertThat(Tolerance.of(DataType.FLOAT32, 4, 5).allowed(0, 0)).isEqualTo(10 * 0x1p-149);
        assertThat(Tolerance.of(DataType.FLOAT64, 4, 5).allowed(0, 0)).isEqualTo(10 * 0x1p-1074);
    }

    @Test
    void of_badArguments_nameTheValue() {
        assertThatThrownBy(() -> Tolerance.of(DataType.INT64, 1, 1))
                .hasMessage(
                        "int64 arithmetic does not round: compare with isExactly, or give one of"
                                + " FLOAT16, BFLOAT16, FLOAT32, FLOAT64");
        assertThatThrownBy(() -> Tolerance.of(DataType.FLOAT32, 0, 1))
                .hasMessage(
                        "reductionLength (0) must be at least 1: use 1 for an elementwise formula");
        assertThatThrownBy(() -> Tolerance.of(DataType.FLOAT32, 1, Double.NaN))
                .hasMessage("constant (NaN) must be positive and finite");
        assertThatThrownBy(() -> Tolerance.of(DataType.FLOAT32, 1, 1).withMinimumScale(-2))
                .hasMessage("minimumScale (-2.0) must be finite and at least 0");
    }

    // allowed = 1 * sqrt(1) * 2^-10 * 8 = 2^-7 for all; the errors are 0, 3/4, 1/4 and 2 times
    // that.
    @Test
    void margin_worstElement_isTheOneThatUsesMost() {
        double[] expected = {8, 1, -2, 4};
        double[] actual = {8, 1 + 0.75 / 128, -2 + 0.25 / 128, 4 - 2.0 / 128};

        Margin margin =
                Margin.of(expected, actual, new Shape(2, 2), Tolerance.of(DataType.FLOAT16, 1, 1));

        assertThat(margin)
                .isEqualTo(
                        new Margin(1.0 / 64, 1.0 / 128, 2, List.of(1L, 1L), 4, 4 - 1.0 / 64, 1, 4));
        assertThat(margin.isWithin()).isFalse();
    }

    @Test
    void margin_nanAndInfinity_onlyTheSameInfinityPasses() {
        double inf = Double.POSITIVE_INFINITY;
        Tolerance tolerance = Tolerance.of(DataType.FLOAT32, 1, 1e6);

        assertThat(scalar(inf, inf, tolerance, false)).isTrue();
        assertThat(scalar(inf, -inf, tolerance, false)).isFalse();
        assertThat(scalar(1e30, inf, tolerance, false)).isFalse();
        assertThat(scalar(inf, 1e30, tolerance, false)).isFalse();
        assertThat(scalar(Double.NaN, Double.NaN, tolerance, false)).isFalse();
        assertThat(scalar(Double.NaN, Double.NaN, tolerance, true)).isTrue();
        assertThat(scalar(Double.NaN, 1, tolerance, true)).isFalse();
        assertThat(scalar(1, Double.NaN, tolerance, true)).isFalse();
    }

    private static boolean scalar(
            double expected, double actual, Tolerance tolerance, boolean nan) {
        return Margin.of(
                        new double[] {expected}, new double[] {actual}, new Shape(), tolerance, nan)
                .isWithin();
    }

    @Test
    void margin_countsDiffer_namesAll() {
        assertThatThrownBy(
                        () ->
                                Margin.of(
                                        new double[5],
                                        new double[6],
                                        new Shape(2, 3),
                                        Tolerance.of(DataType.FLOAT32, 1, 1)))
                .hasMessage(
                        "shape (2, 3) holds 6 elements, but there are 5 expected and 6 actual"
                                + " values");
    }

    @Test
    void margin_emptyTensor_isWithin() {
        Margin margin =
                Margin.of(
                        new double[0],
                        new double[0],
                        new Shape(0, 3),
                        Tolerance.of(DataType.FLOAT32, 1, 1));

        assertThat(margin.isWithin()).isTrue();
        assertThat(margin.count()).isZero();
    }
}

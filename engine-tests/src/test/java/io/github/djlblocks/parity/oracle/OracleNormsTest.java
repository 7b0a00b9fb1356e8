package io.github.djlblocks.parity.oracle;

import static io.github.djlblocks.parity.oracle.OracleRmsNormOptions.EpsilonPlacement.CLAMP_NORM;
import static io.github.djlblocks.parity.oracle.OracleRmsNormOptions.EpsilonPlacement.INSIDE_ROOT;
import static io.github.djlblocks.parity.oracle.OracleRmsNormOptions.EpsilonPlacement.OUTSIDE_ROOT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.parity.oracle.OracleRmsNormOptions.EpsilonPlacement;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OracleNormsTest {

    private static final Offset<Double> ROUNDING = within(1e-15);

    /** mean(3^2, 4^2) + 12.5 = 25. */
    @Test
    void rmsNorm_insideRoot_addsEpsilonToTheMean() {
        OracleRmsNormOptions options = OracleRmsNormOptions.DEFAULT;
        Var x = Inputs.row(3, 4);
        assertThat(OracleNorms.rmsNorm(x, null, 12.5, options).values())
                .containsExactly(new double[] {0.6, 0.8}, ROUNDING);
        assertThat(OracleNorms.rmsNorm(x, Inputs.vector(2, -1), 12.5, options).values())
                .containsExactly(new double[] {1.2, -0.8}, ROUNDING);
    }

    /** Factors 1 + 2 and 1 - 1 on (0.6, 0.8). */
    @Test
    void rmsNorm_unitOffset_addsOneToTheWeight() {
        OracleRmsNormOptions options = new OracleRmsNormOptions(INSIDE_ROOT, true);
        assertThat(
                        OracleNorms.rmsNorm(Inputs.row(3, 4), Inputs.vector(2, -1), 12.5, options)
                                .values())
                .containsExactly(new double[] {1.8, 0}, ROUNDING);
    }

    /** sqrt(mean(1^2, 7^2)) + 3 = 5 + 3. */
    @Test
    void rmsNorm_outsideRoot_addsEpsilonToTheRoot() {
        OracleRmsNormOptions options = new OracleRmsNormOptions(OUTSIDE_ROOT, false);
        assertThat(OracleNorms.rmsNorm(Inputs.row(1, 7), null, 3, options).values())
                .containsExactly(new double[] {0.125, 0.875}, ROUNDING);
    }

    /** ||(6, 8, 0, 0)|| = 10 and sqrt(n) = 2: x 2 / 10, but x 2 / 16 where epsilon is 16. */
    @Test
    void rmsNorm_clampNorm_boundsTheNormFromBelow() {
        OracleRmsNormOptions options = new OracleRmsNormOptions(CLAMP_NORM, false);
        Var x = Inputs.row(6, 8, 0, 0);
        assertThat(OracleNorms.rmsNorm(x, null, 1e-12, options).values())
                .containsExactly(new double[] {1.2, 1.6, 0, 0}, ROUNDING);
        assertThat(OracleNorms.rmsNorm(x, null, 16, options).values())
                .containsExactly(new double[] {0.75, 1, 0, 0}, ROUNDING);
    }

    /** Of (3, 4, 100) the first two are measured: 12.5, 5, and 5 / sqrt(2); all are divided. */
    @Test
    void rmsNorm_measured_looksAtTheFirstAlone() {
        Var x = Inputs.row(3, 4, 100);
        OracleRmsNormOptions inside = new OracleRmsNormOptions(INSIDE_ROOT, false, 2);
        assertThat(OracleNorms.rmsNorm(x, null, 12.5, inside).values())
                .containsExactly(new double[] {0.6, 0.8, 20}, within(1e-14));
        Var seven = Inputs.row(1, 7, 16);
        OracleRmsNormOptions outside = new OracleRmsNormOptions(OUTSIDE_ROOT, false, 2);
        assertThat(OracleNorms.rmsNorm(seven, null, 3, outside).values())
                .containsExactly(new double[] {0.125, 0.875, 2}, ROUNDING);
        OracleRmsNormOptions clamped = new OracleRmsNormOptions(CLAMP_NORM, false, 1);
        assertThat(OracleNorms.rmsNorm(Inputs.row(-2, 5), null, 1e-12, clamped).values())
                .containsExactly(new double[] {-1, 2.5}, ROUNDING);
        assertThatThrownBy(
                        () ->
                                OracleNorms.rmsNorm(
                                        x,
                                        null,
                                        1,
                                        new OracleRmsNormOptions(INSIDE_ROOT, false, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("measured (4) must not exceed the 3 of the last axis");
    }

    @ParameterizedTest
    @EnumSource
    void rmsNorm_measured_gradientAgreesWithDifferences(EpsilonPlacement placement) {
        OracleRmsNormOptions options = new OracleRmsNormOptions(placement, true, 3);
        Inputs.assertGradients(
                in -> OracleNorms.rmsNorm(in.get(0), in.get(1), 0.1, options),
                Inputs.random(1, 2, 5),
                Inputs.random(2, 5));
    }

    /** Epsilon of 20 is above every norm of the rows, 0.5 beside the mean is well visible. */
    @ParameterizedTest
    @CsvSource({
        "INSIDE_ROOT, 0.5",
        "INSIDE_ROOT, 1e-6",
        "OUTSIDE_ROOT, 0.5",
        "OUTSIDE_ROOT, 1e-6",
        "CLAMP_NORM, 1e-12",
        "CLAMP_NORM, 20"
    })
    void rmsNorm_random_gradientAgreesWithDifferences(EpsilonPlacement placement, double epsilon) {
        Var x = Inputs.random(1, 2, 3, 5);
        Var weight = Inputs.random(2, 5);
        for (boolean unitOffset : new boolean[] {false, true}) {
            OracleRmsNormOptions options = new OracleRmsNormOptions(placement, unitOffset);
            Inputs.assertGradients(
                    in -> OracleNorms.rmsNorm(in.get(0), in.get(1), epsilon, options), x, weight);
        }
        OracleRmsNormOptions options = new OracleRmsNormOptions(placement, false);
        Inputs.assertGradients(in -> OracleNorms.rmsNorm(in.get(0), null, epsilon, options), x);
    }

    /** At 0 only the direct path is left: dx = dy / 0.25, whatever the place of epsilon. */
    @ParameterizedTest
    @CsvSource({"INSIDE_ROOT, 0.0625", "OUTSIDE_ROOT, 0.25", "CLAMP_NORM, 0.5"})
    void rmsNorm_zeroRow_isZeroWithAFiniteGradient(EpsilonPlacement placement, double epsilon) {
        Var x = Inputs.row(0, 0, 0, 0);
        Var y = OracleNorms.rmsNorm(x, null, epsilon, new OracleRmsNormOptions(placement, false));
        y.backward(1, 2, -3, 5);
        assertThat(y.values()).containsExactly(0, 0, 0, 0);
        assertThat(x.gradient()).containsExactly(4, 8, -12, 20);
    }

    /** The slope at 1e4 is at most that of x / (|x| + epsilon): 1e-6 / 1e4^2 = 1e-14. */
    @ParameterizedTest
    @EnumSource
    void rmsNorm_hugeOrSingle_isTheSign(EpsilonPlacement placement) {
        OracleRmsNormOptions options = new OracleRmsNormOptions(placement, false);
        for (double size : new double[] {1e4, 1e30, 3e38}) {
            Var x = Var.of(new double[] {size, -size}, 2, 1);
            Var y = OracleNorms.rmsNorm(x, null, 1e-6, options);
            y.backward(1, 1);
            assertThat(y.values()).containsExactly(new double[] {1, -1}, within(1e-9));
            assertThat(x.gradient()).containsExactly(new double[] {0, 0}, within(1.1e-14));
        }
    }

    /** Mean 2, deviations -1 and 1, variance 1: over sqrt(1 + 3) they are halves. */
    @Test
    void layerNorm_pair_usesTheBiasedVariance() {
        Var x = Inputs.row(1, 3);
        assertThat(OracleNorms.layerNorm(x, null, null, 3).values())
                .containsExactly(new double[] {-0.5, 0.5}, ROUNDING);
        assertThat(OracleNorms.layerNorm(x, Inputs.vector(2, 4), Inputs.vector(10, 20), 3).values())
                .containsExactly(new double[] {9, 22}, ROUNDING);
    }

    /** Deviations -2, -1, 3 from a mean that a sum of thirds would miss; the variance is 14 / 3. */
    @Test
    void layerNorm_largeMean_isAsExactAsASmallOne() {
        double r = Math.sqrt(3.0 / 14);
        assertThat(
                        OracleNorms.layerNorm(Inputs.row(1e15, 1e15 + 1, 1e15 + 5), null, null, 0)
                                .values())
                .containsExactly(new double[] {-2 * r, -r, 3 * r}, ROUNDING);
    }

    /** Deviations -3, 0, 3: a variance of 18 / 2 = 9 or 18 / 3 = 6; 6 + 10 = 4^2. */
    @Test
    void layerNorm_options_placeEpsilonAndDivideTheVariance() {
        Var x = Inputs.row(4, 7, 10);
        assertThat(OracleNorms.layerNorm(x, null, null, 1, options(true, true)).values())
                .containsExactly(new double[] {-0.75, 0, 0.75}, ROUNDING);
        assertThat(OracleNorms.layerNorm(x, null, null, 16, options(false, true)).values())
                .containsExactly(new double[] {-0.6, 0, 0.6}, ROUNDING);
        assertThat(OracleNorms.layerNorm(x, null, null, 10, options(false, false)).values())
                .containsExactly(new double[] {-0.75, 0, 0.75}, ROUNDING);
        // variance 1
        assertThat(
                        OracleNorms.layerNorm(Inputs.row(1, 3), null, null, 3, options(true, false))
                                .values())
                .containsExactly(new double[] {-0.25, 0.25}, ROUNDING);
    }

    /** Factors 1 + 2 and 1 - 3 on (-0.5, 0.5). */
    @Test
    void layerNorm_unitOffset_addsOneToTheWeight() {
        OracleLayerNormOptions options = new OracleLayerNormOptions(false, false, true);
        assertThat(
                        OracleNorms.layerNorm(
                                        Inputs.row(1, 3),
                                        Inputs.vector(2, -3),
                                        Inputs.vector(10, 20),
                                        3,
                                        options)
                                .values())
                .containsExactly(new double[] {8.5, 19}, ROUNDING);
    }

    @Test
    void layerNorm_everyOption_gradientAgreesWithDifferences() {
        for (boolean outside : new boolean[] {false, true}) {
            for (boolean unbiased : new boolean[] {false, true}) {
                OracleLayerNormOptions options =
                        new OracleLayerNormOptions(outside, unbiased, unbiased);
                Inputs.assertGradients(
                        in -> OracleNorms.layerNorm(in.get(0), in.get(1), in.get(2), 0.1, options),
                        Inputs.random(1, 2, 3, 5),
                        Inputs.random(2, 5),
                        Inputs.random(3, 5));
            }
        }
    }

    /** Only r (dz - mean(dz)) is left: dz = (1, 3), over an epsilon of 0.5. */
    @Test
    void layerNorm_constantRowOutsideRoot_isZeroWithAFiniteGradient() {
        Var x = Inputs.row(7, 7);
        Var y = OracleNorms.layerNorm(x, null, null, 0.5, options(true, false));
        y.backward(1, 3);
        assertThat(y.values()).containsExactly(0, 0);
        assertThat(x.gradient()).containsExactly(-2, 2);
    }

    private static OracleLayerNormOptions options(boolean outside, boolean unbiased) {
        return new OracleLayerNormOptions(outside, unbiased, false);
    }

    /** ||(3, 4)|| = 5: 10 / 5, but 10 / 20 where epsilon is 20. */
    @Test
    void scaleNorm_pair_bringsItToTheGain() {
        Var gain = Inputs.vector(10);
        assertThat(OracleNorms.scaleNorm(Inputs.row(3, 4), gain, 1e-5).values())
                .containsExactly(new double[] {6, 8}, ROUNDING);
        assertThat(OracleNorms.scaleNorm(Inputs.row(3, 4), gain, 20).values())
                .containsExactly(new double[] {1.5, 2}, ROUNDING);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-5, 20})
    void scaleNorm_random_gradientAgreesWithDifferences(double epsilon) {
        Inputs.assertGradients(
                in -> OracleNorms.scaleNorm(in.get(0), in.get(1), epsilon),
                Inputs.random(1, 2, 3, 5),
                Inputs.random(2, 1));
    }

    @Test
    void scaleNorm_zeroRow_isZeroWithAFiniteGradient() {
        Var x = Inputs.row(0, 0);
        Var gain = Inputs.vector(3);
        Var y = OracleNorms.scaleNorm(x, gain, 0.5);
        y.backward(1, -2);
        assertThat(y.values()).containsExactly(0, 0);
        assertThat(x.gradient()).containsExactly(6, -12);
        assertThat(gain.gradient()).containsExactly(0);
    }

    @Test
    void layerNorm_singleElement_isTheBias() {
        Var x = Var.of(new double[] {7, 1e30}, 2, 1);
        Var y = OracleNorms.layerNorm(x, Inputs.vector(3), Inputs.vector(5), 1e-5);
        y.backward(1, 1);
        assertThat(y.values()).containsExactly(5, 5);
        assertThat(x.gradient()).containsExactly(0, 0);
    }

    @Test
    void layerNorm_random_gradientAgreesWithDifferences() {
        Var x = Inputs.random(1, 2, 3, 5);
        Var weight = Inputs.random(2, 5);
        Var bias = Inputs.random(3, 5);
        Inputs.assertGradients(
                in -> OracleNorms.layerNorm(in.get(0), in.get(1), in.get(2), 1e-5),
                x,
                weight,
                bias);
        Inputs.assertGradients(in -> OracleNorms.layerNorm(in.get(0), null, null, 0.5), x);
    }

    @Test
    void rmsNorm_weightOfAnotherSize_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleNorms.rmsNorm(
                                        Inputs.random(1, 2, 3),
                                        Inputs.random(2, 4),
                                        0,
                                        OracleRmsNormOptions.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("weight (4) must have the shape (3)");
    }

    @Test
    void rmsNorm_unitOffsetWithoutWeight_saysSo() {
        assertThatThrownBy(
                        () ->
                                OracleNorms.rmsNorm(
                                        Inputs.random(1, 2, 3),
                                        null,
                                        0,
                                        new OracleRmsNormOptions(INSIDE_ROOT, true)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "unitOffset (true) needs a weight, and there is none: pass one or set it"
                                + " to false");
    }

    @Test
    void layerNorm_negativeEpsilon_namesIt() {
        assertThatThrownBy(() -> OracleNorms.layerNorm(Inputs.row(1, 2), null, null, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("epsilon (-1.0) must be at least 0");
    }

    @Test
    void layerNorm_scalar_asksForAnAxis() {
        assertThatThrownBy(() -> OracleNorms.layerNorm(Var.of(new double[1]), null, null, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("x () must have at least one axis");
    }
}

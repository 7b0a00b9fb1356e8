package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OracleActivationTest {

    private static final Offset<Double> ROUNDING = within(1e-15);
    private static final double LN2 = Math.log(2);
    private static final double LN3 = Math.log(3);

    /** erf(1), Abramowitz and Stegun, table 7.1. */
    private static final double ERF_OF_1 = 0.8427007929497149;

    @Test
    void identityAndRelu_bothSigns_areExact() {
        assertThat(OracleActivation.IDENTITY.apply(Inputs.vector(-3, 0, 5)).values())
                .containsExactly(-3, 0, 5);
        assertThat(OracleActivation.RELU.apply(Inputs.vector(-3, 0, 5)).values())
                .containsExactly(0, 0, 5);
        assertThat(OracleActivation.RELU.derivative(-3)).isZero();
        assertThat(OracleActivation.RELU.derivative(0)).isZero();
        assertThat(OracleActivation.RELU.derivative(5)).isEqualTo(1);
        assertThat(OracleActivation.IDENTITY.derivative(-3)).isEqualTo(1);
    }

    /** exp(-ln 3) = 1/3, so sigmoid(ln 3) = 1 / (1 + 1/3) = 3/4, with slope 3/4 * 1/4. */
    @Test
    void sigmoidAndSilu_ofLn3_areThreeQuarters() {
        assertThat(OracleActivation.SIGMOID.value(LN3)).isCloseTo(0.75, ROUNDING);
        assertThat(OracleActivation.SIGMOID.value(-LN3)).isCloseTo(0.25, ROUNDING);
        assertThat(OracleActivation.SIGMOID.derivative(LN3)).isCloseTo(3 / 16.0, ROUNDING);
        assertThat(OracleActivation.SILU.value(LN3)).isCloseTo(0.75 * LN3, ROUNDING);
        assertThat(OracleActivation.SILU.value(-LN3)).isCloseTo(-0.25 * LN3, ROUNDING);
        assertThat(OracleActivation.SILU.derivative(LN3)).isCloseTo(0.75 + LN3 * 3 / 16, ROUNDING);
    }

    /** tanh(ln 2) = (2 - 1/2) / (2 + 1/2) = 3/5, with slope 1 - 9/25. */
    @Test
    void tanh_ofLn2_isThreeFifths() {
        assertThat(OracleActivation.TANH.value(LN2)).isCloseTo(0.6, ROUNDING);
        assertThat(OracleActivation.TANH.derivative(LN2)).isCloseTo(0.64, ROUNDING);
    }

    /** x / 2 (1 + erf(1)) at x = sqrt(2); the density there is exp(-1) / sqrt(2 pi). */
    @Test
    void geluErf_ofRoot2_usesErfOf1() {
        double x = Math.sqrt(2);
        assertThat(OracleActivation.GELU_ERF.value(x)).isCloseTo(x / 2 * (1 + ERF_OF_1), ROUNDING);
        assertThat(OracleActivation.GELU_ERF.value(-x))
                .isCloseTo(-x / 2 * (1 - ERF_OF_1), ROUNDING);
        assertThat(OracleActivation.GELU_ERF.derivative(x))
                .isCloseTo((1 + ERF_OF_1) / 2 + Math.exp(-1) / Math.sqrt(Math.PI), ROUNDING);
    }

    /** The formula as published, which cancels for negative arguments but not at 1 or -1. */
    @Test
    void geluTanh_of1_isThePublishedFormula() {
        double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * 1.044715);
        assertThat(OracleActivation.GELU_TANH.value(1)).isCloseTo((1 + tanh) / 2, ROUNDING);
        assertThat(OracleActivation.GELU_TANH.value(-1)).isCloseTo((tanh - 1) / 2, ROUNDING);
        assertThat(OracleActivation.GELU_TANH.derivative(1))
                .isCloseTo(
                        (1 + tanh) / 2
                                + (1 - tanh * tanh)
                                        / 2
                                        * Math.sqrt(2 / Math.PI)
                                        * (1 + 3 * 0.044715),
                        ROUNDING);
    }

    /** tanh(ln y) = (y^2 - 1) / (y^2 + 1); y = 1 + e^x is 3 at ln 2 and 2 at 0. */
    @Test
    void mish_ofLn2_isFourFifths() {
        assertThat(OracleActivation.MISH.value(LN2)).isCloseTo(0.8 * LN2, ROUNDING);
        assertThat(OracleActivation.MISH.value(0)).isZero();
        assertThat(OracleActivation.MISH.derivative(0)).isCloseTo(0.6, ROUNDING);
        // 4/5 + ln 2 * (1 - 16/25) * sigmoid(ln 2) = 4/5 + ln 2 * 9/25 * 2/3
        assertThat(OracleActivation.MISH.derivative(LN2)).isCloseTo(0.8 + 0.24 * LN2, ROUNDING);
    }

    @ParameterizedTest
    @EnumSource
    void apply_random_gradientAgreesWithDifferences(OracleActivation activation) {
        // 0 is left out: ReLU has a kink there.
        Var x = Inputs.vector(-6, -3.5, -1.25, -0.5, -0.01, 0.01, 0.3, 1.1, 2.7, 5.5);
        Inputs.assertGradients(in -> activation.apply(in.get(0)), x);
    }

    @ParameterizedTest
    @EnumSource
    void value_hugeArguments_isItsLimit(OracleActivation activation) {
        for (double x : new double[] {1e4, 1e30, 1e100}) {
            boolean bounded =
                    activation == OracleActivation.SIGMOID || activation == OracleActivation.TANH;
            double below =
                    switch (activation) {
                        case IDENTITY -> -x;
                        case TANH -> -1;
                        default -> 0;
                    };
            assertThat(activation.value(x)).isEqualTo(bounded ? 1 : x);
            assertThat(activation.value(-x)).isCloseTo(below, within(0.0));
            assertThat(activation.derivative(x)).isEqualTo(bounded ? 0 : 1);
            assertThat(activation.derivative(-x))
                    .isCloseTo(activation == OracleActivation.IDENTITY ? 1 : 0, within(0.0));
        }
    }

    /** Phi(-10) = 7.619853024160526e-24 (mpmath 1.3); 1 + erf would round it to 0. */
    @Test
    void geluErf_farBelow_keepsItsDigits() {
        assertThat(OracleActivation.GELU_ERF.value(-10) / -7.619853024160526e-23)
                .isCloseTo(1, within(1e-13));
    }
}

package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

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

    static Stream<OracleActivation> all() {
        return Stream.concat(
                asWritten().map(a -> (OracleActivation) a.get()[0]),
                Stream.of(
                        OracleActivation.IDENTITY,
                        OracleActivation.RELU,
                        OracleActivation.SIGMOID,
                        OracleActivation.TANH,
                        OracleActivation.GELU_ERF,
                        OracleActivation.GELU_TANH,
                        OracleActivation.MISH,
                        OracleActivation.ERF));
    }

    @ParameterizedTest
    @MethodSource("all")
    void apply_random_gradientAgreesWithDifferences(OracleActivation activation) {
        // None on a corner: those of the functions above lie at multiples of 0.25 and at -0.2, 1.3.
        Var x = Inputs.vector(-6.1, -3.6, -1.3, -0.52, -0.01, 0.01, 0.3, 1.1, 2.7, 5.45);
        Inputs.assertGradients(in -> activation.apply(in.get(0)), x);
    }

    /** The formulas as published, at arguments where they lose no digits. */
    static Stream<Arguments> asWritten() {
        return Stream.of(
                written(OracleActivation.SQUARED_RELU, x -> Math.pow(Math.max(0, x), 2)),
                written(OracleActivation.LOG_SIGMOID, x -> Math.log(1 / (1 + Math.exp(-x)))),
                written(
                        OracleActivation.geluTanh(0.79788456),
                        x -> x * 0.5 * (1 + Math.tanh(0.79788456 * x * (1 + 0.044715 * x * x)))),
                written(OracleActivation.SOFTSIGN, x -> x > 0 ? x / (1 + x) : x / (1 - x)),
                written(OracleActivation.swish(1.702), x -> x / (1 + Math.exp(-1.702 * x))),
                written(OracleActivation.swish(-0.5), x -> x / (1 + Math.exp(0.5 * x))),
                written(
                        OracleActivation.leakyRelu(0.3),
                        x -> Math.max(0, x) + 0.3 * Math.min(0, x)),
                written(OracleActivation.thresholdedRelu(1), x -> x <= 1 ? 0 : x),
                written(OracleActivation.elu(0.5, 1, 1), x -> x <= 0 ? 0.5 * (Math.exp(x) - 1) : x),
                written(
                        OracleActivation.elu(2, 2, 1),
                        x -> Math.max(0, x) + Math.min(0, 2 * (Math.exp(x / 2) - 1))),
                written(
                        OracleActivation.elu(1.67, 1, 1.05),
                        x -> 1.05 * (Math.max(0, x) + Math.min(0, 1.67 * (Math.exp(x) - 1)))),
                written(
                        OracleActivation.clampedLine(0.5, 0.25, 0, 1),
                        x -> x < -0.5 ? 0 : x > 1.5 ? 1 : 0.5 * x + 0.25),
                written(
                        OracleActivation.clampedLine(1, 0, -0.2, 1.3),
                        x -> x < -0.2 ? -0.2 : x > 1.3 ? 1.3 : x),
                written(
                        OracleActivation.hardSwish(1.0 / 6, 0.5),
                        x -> x * Math.min(Math.max(x + 3, 0), 6) / 6),
                written(
                        OracleActivation.softplus(2, Double.POSITIVE_INFINITY),
                        x -> Math.log(1 + Math.exp(2 * x)) / 2),
                written(
                        OracleActivation.softplus(2, 3),
                        x -> x > 1.5 ? x : Math.log(1 + Math.exp(2 * x)) / 2),
                written(
                        OracleActivation.clippedGelu(-0.1, 2),
                        x ->
                                Math.max(
                                        -0.1,
                                        Math.min(
                                                2,
                                                x
                                                        / 2
                                                        * (1
                                                                + ErrorFunction.erf(
                                                                        x / Math.sqrt(2)))))),
                written(
                        OracleActivation.laplace(0.7, 0.3),
                        x -> (1 + ErrorFunction.erf((x - 0.7) / (0.3 * Math.sqrt(2)))) / 2));
    }

    private static Arguments written(OracleActivation activation, DoubleUnaryOperator formula) {
        return Arguments.of(activation, formula);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("asWritten")
    void value_ofTheFormulaAsPublished_isTheSame(
            OracleActivation activation, DoubleUnaryOperator formula) {
        for (double x : new double[] {-3.7, -1.1, -0.4, -0.03, 0, 0.2, 0.9, 1.45, 2.2, 4.9}) {
            assertThat(activation.value(x))
                    .as("%s at %s", activation, x)
                    .isCloseTo(formula.applyAsDouble(x), within(4e-15));
        }
    }

    /** What is left at -x and at x for a large x, and the slopes there. */
    static Stream<Arguments> limits() {
        return Stream.of(
                limit(OracleActivation.IDENTITY, x -> -x, x -> x, 1, 1),
                limit(OracleActivation.RELU, x -> 0, x -> x, 0, 1),
                limit(OracleActivation.SQUARED_RELU, x -> 0, x -> x * x, 0, Double.NaN),
                limit(OracleActivation.SIGMOID, x -> 0, x -> 1, 0, 0),
                limit(OracleActivation.LOG_SIGMOID, x -> -x, x -> 0, 1, 0),
                limit(OracleActivation.TANH, x -> -1, x -> 1, 0, 0),
                limit(OracleActivation.ERF, x -> -1, x -> 1, 0, 0),
                limit(OracleActivation.SILU, x -> 0, x -> x, 0, 1),
                limit(OracleActivation.swish(-1), x -> -x, x -> 0, 1, 0),
                limit(OracleActivation.GELU_ERF, x -> 0, x -> x, 0, 1),
                limit(OracleActivation.GELU_TANH, x -> 0, x -> x, 0, 1),
                limit(OracleActivation.MISH, x -> 0, x -> x, 0, 1),
                limit(OracleActivation.leakyRelu(0.5), x -> -x / 2, x -> x, 0.5, 1),
                limit(OracleActivation.thresholdedRelu(1), x -> 0, x -> x, 0, 1),
                limit(OracleActivation.elu(0.5, 1, 2), x -> -1, x -> 2 * x, 0, 2),
                limit(OracleActivation.clampedLine(1, 0, -3, 2), x -> -3, x -> 2, 0, 0),
                limit(OracleActivation.hardSwish(1, 0), x -> 0, x -> x, 0, 1),
                limit(OracleActivation.softplus(2, 1e300), x -> 0, x -> x, 0, 1),
                limit(OracleActivation.clippedGelu(-1, 5), x -> 0, x -> 5, 0, 0),
                limit(OracleActivation.laplace(1, 2), x -> 0, x -> 1, 0, 0));
    }

    private static Arguments limit(
            OracleActivation activation,
            DoubleUnaryOperator below,
            DoubleUnaryOperator above,
            double slopeBelow,
            double slopeAbove) {
        return Arguments.of(activation, below, above, slopeBelow, slopeAbove);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("limits")
    void value_hugeArguments_isItsLimit(
            OracleActivation activation,
            DoubleUnaryOperator below,
            DoubleUnaryOperator above,
            double slopeBelow,
            double slopeAbove) {
        for (double x : new double[] {1e4, 1e30, 1e100}) {
            assertThat(activation.value(x)).isEqualTo(above.applyAsDouble(x));
            assertThat(activation.value(-x)).isCloseTo(below.applyAsDouble(x), within(0.0));
            assertThat(activation.derivative(-x)).isCloseTo(slopeBelow, within(0.0));
            if (!Double.isNaN(slopeAbove)) {
                assertThat(activation.derivative(x)).isEqualTo(slopeAbove);
            }
        }
    }

    @Test
    void derivative_onACorner_isTheOneStated() {
        assertThat(OracleActivation.leakyRelu(0.25).derivative(0)).isEqualTo(0.25);
        assertThat(OracleActivation.thresholdedRelu(2).derivative(2)).isZero();
        assertThat(OracleActivation.elu(0.5, 1, 3).derivative(0)).isEqualTo(1.5);
        assertThat(OracleActivation.clampedLine(2, 0, 0, 1).derivative(0)).isZero();
        assertThat(OracleActivation.clampedLine(2, 0, 0, 1).derivative(0.5)).isZero();
        assertThat(OracleActivation.hardSwish(1, 0).derivative(0)).isZero();
        assertThat(OracleActivation.hardSwish(1, 0).derivative(1)).isEqualTo(1);
    }

    /** Phi(-10) = 7.619853024160526e-24 (mpmath 1.3); 1 + erf would round it to 0. */
    @Test
    void geluErf_farBelow_keepsItsDigits() {
        assertThat(OracleActivation.GELU_ERF.value(-10) / -7.619853024160526e-23)
                .isCloseTo(1, within(1e-13));
    }
}

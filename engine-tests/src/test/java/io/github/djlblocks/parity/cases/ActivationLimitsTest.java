package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.ActivationKind;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.oracle.OracleActivation;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Activations at large arguments, at the infinities and on their corners. */
class ActivationLimitsTest {

    /** Around the overflow of exp in FLOAT32 and FLOAT64, and far beyond. */
    private static final double[] LARGE = {-1e4, -746, -710, -104, 89, 104, 710, 1e4};

    private static final double[] MIDDLING = {-88, -30, -20.5, -12, 12, 20.5, 30, 88};

    /** Where {@code e^x - 1} and {@code ln(1 + x)} as they stand would lose all digits. */
    private static final double[] SMALL = {-1e-9, -1e-7, -1e-5, -1e-3, 1e-9, 1e-7, 1e-5, 1e-3};

    private static final Offset<Double> ULP = within(3e-7);
    private static final double INF = Double.POSITIVE_INFINITY;

    /** {@code x g(x)} with g vanishing far below. */
    private static final Set<ActivationKind> UNDEFINED_BELOW =
            EnumSet.of(
                    ActivationKind.GELU,
                    ActivationKind.GELU_TANH,
                    ActivationKind.GELU_TANH_OF,
                    ActivationKind.CLIPPED_GELU,
                    ActivationKind.SILU,
                    ActivationKind.SWISH,
                    ActivationKind.HARD_SWISH,
                    ActivationKind.MISH);

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forwardAndBackward_largeArguments_followTheFormula(
            EngineUnderTest engine, DataType dataType) {
        for (ActivationFunction function : ActivationCases.functionsUnderTest()) {
            for (double[] x : List.of(SMALL, MIDDLING, LARGE)) {
                if (x == SMALL && function.equals(ActivationFunction.LAPLACE)) {
                    // 1 + erf(-1.77) = 0.012 has two digits fewer; 0 is no place of note to it.
                    continue;
                }
                ParityCase parityCase = ActivationCases.elementwise(function, x);

                Margin margin = ParityRunner.compareForward(parityCase, engine, dataType);

                assertThat(margin.isWithin()).as("%s: %s", function, margin).isTrue();
                assertThat(ParityRunner.compareGradients(parityCase, engine, dataType))
                        .allSatisfy(
                                (name, m) ->
                                        assertThat(m.isWithin())
                                                .as("gradient of %s: %s", function, m)
                                                .isTrue());
            }
        }
    }

    /** With several hundred times the largest exponent between neighbours. */
    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forwardAndBackward_otherActivationsTenThousandTimesLarger_followTheirFormulas(
            EngineUnderTest engine, DataType dataType) {
        List<ParityCase> others =
                ActivationCases.all().stream()
                        .filter(c -> !c.blockName().equals("ActivationBlock"))
                        .toList();
        assertThat(others).hasSizeGreaterThan(10);
        for (ParityCase other : others) {
            ParityCase large = other.withScaledInputs(1e4);

            Margin margin = ParityRunner.compareForward(large, engine, dataType);

            assertThat(margin.isWithin()).as("%s: %s", large, margin).isTrue();
            if (large.blockName().equals("Swish")) {
                // By beta it is x^2 s (1 - s), where 1 - s is rounded at 1: a number, with no
                // digits.
                assertThat(ParityRunner.backward(large, engine, dataType).gradients().values())
                        .allMatch(g -> Arrays.stream(g).allMatch(Double::isFinite));
                continue;
            }
            assertThat(ParityRunner.compareGradients(large, engine, dataType))
                    .allSatisfy(
                            (name, m) ->
                                    assertThat(m.isWithin())
                                            .as("gradient of %s: %s", large, m)
                                            .isTrue());
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void softmax_minusInfinities_haveNoShare(NDManager manager, DataType dataType) {
        NDArray x = manager.create(new double[] {-INF, 0, -INF, 0}, new Shape(1, 4));
        NDArray typed = x.toType(dataType, false);

        assertThat(HostValues.of(Kernels.of(typed).softmax(typed, 1)))
                .containsExactly(0, 0.5, 0, 0.5);
        assertThat(HostValues.of(Kernels.of(typed).logSoftmax(typed, 1)))
                .containsExactly(new double[] {-INF, -Math.log(2), -INF, -Math.log(2)}, ULP);
    }

    /** What is left at both infinities, where that is a number or an infinity. */
    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forward_infinities_giveTheLimits(NDManager manager, DataType dataType) {
        for (ActivationFunction function : ActivationCases.functionsUnderTest()) {
            OracleActivation formula = ActivationCases.oracle(function);
            double[] y = run(manager, function, dataType, INF, -INF);

            boolean falls = function.equals(ActivationFunction.swish(-0.5));
            if (!falls) {
                assertThat(y[0]).as("%s", function).isCloseTo(limit(formula, 1e30), ULP);
            }
            if (falls || !UNDEFINED_BELOW.contains(function.kind())) {
                assertThat(y[1]).as("%s", function).isCloseTo(limit(formula, -1e30), ULP);
            }
        }
    }

    private static double limit(OracleActivation formula, double x) {
        double y = formula.value(x);
        return Math.abs(y) > 1e20 ? Math.copySign(INF, y) : y;
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forward_notANumber_staysSo(NDManager manager, DataType dataType) {
        for (ActivationFunction function : ActivationCases.functionsUnderTest()) {
            assertThat(run(manager, function, dataType, Double.NaN, 1, 2)[0])
                    .as("%s", function)
                    .isNaN();
        }
    }

    /** The slope at a corner is the formula's on both engines. */
    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void backward_onCorners_isTheSlopeStated(EngineUnderTest engine, DataType dataType) {
        Map<ActivationFunction, double[]> corners = new LinkedHashMap<>();
        for (ActivationFunction function : ActivationCases.functionsUnderTest()) {
            corners.put(function, new double[] {0, 0, 0, 0});
        }
        corners.put(ActivationFunction.RELU6, new double[] {0, 6, 0, 6});
        corners.put(ActivationFunction.HARD_TANH, new double[] {-1, 1, -1, 1});
        corners.put(ActivationFunction.thresholdedRelu(1), new double[] {1, 1, 0, 0});
        corners.put(ActivationFunction.hardSigmoid(0.5, 0.25), new double[] {-0.5, 1.5, 0, 0});
        corners.forEach(
                (function, x) -> {
                    ParityCase parityCase = ActivationCases.elementwise(function, x);
                    assertThat(ParityRunner.compareGradients(parityCase, engine, dataType))
                            .allSatisfy(
                                    (name, m) ->
                                            assertThat(m.isWithin())
                                                    .as("gradient of %s: %s", function, m)
                                                    .isTrue());
                });
    }

    @Test
    void cases_everyKind_isThere() {
        assertThat(ActivationCases.functionsUnderTest())
                .extracting(ActivationFunction::kind)
                .contains(ActivationKind.values());
    }

    private static double[] run(
            NDManager manager, ActivationFunction function, DataType dataType, double... x) {
        NDArray array = manager.create(x, new Shape(x.length)).toType(dataType, false);
        return HostValues.of(Kernels.of(array).activation(array, function));
    }
}

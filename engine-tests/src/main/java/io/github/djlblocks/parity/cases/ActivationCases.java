package io.github.djlblocks.parity.cases;

import io.github.djlblocks.activation.ActivationBlock;
import io.github.djlblocks.activation.LogSoftmax;
import io.github.djlblocks.activation.PRelu;
import io.github.djlblocks.activation.RRelu;
import io.github.djlblocks.activation.Softmax;
import io.github.djlblocks.activation.Swish;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleLearnedActivation;
import io.github.djlblocks.parity.oracle.OracleSoftmax;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Cases of the activations. */
final class ActivationCases {

    /** Every formula; where it has numbers, also with others than the usual. */
    private static final Map<ActivationFunction, OracleActivation> FUNCTIONS = functions();

    private ActivationCases() {}

    private static Map<ActivationFunction, OracleActivation> functions() {
        Map<ActivationFunction, OracleActivation> all = new LinkedHashMap<>();
        all.put(ActivationFunction.IDENTITY, OracleActivation.IDENTITY);
        all.put(ActivationFunction.SIGMOID, OracleActivation.SIGMOID);
        all.put(ActivationFunction.LOG_SIGMOID, OracleActivation.LOG_SIGMOID);
        all.put(ActivationFunction.TANH, OracleActivation.TANH);
        all.put(ActivationFunction.ERF, OracleActivation.ERF);
        all.put(ActivationFunction.RELU, OracleActivation.RELU);
        all.put(ActivationFunction.RELU6, OracleActivation.clampedLine(1, 0, 0, 6));
        all.put(ActivationFunction.SQUARED_RELU, OracleActivation.SQUARED_RELU);
        all.put(ActivationFunction.leakyRelu(0.01), OracleActivation.leakyRelu(0.01));
        all.put(ActivationFunction.leakyRelu(-0.3), OracleActivation.leakyRelu(-0.3));
        all.put(ActivationFunction.thresholdedRelu(1), OracleActivation.thresholdedRelu(1));
        all.put(ActivationFunction.thresholdedRelu(-0.7), OracleActivation.thresholdedRelu(-0.7));
        all.put(ActivationFunction.elu(1), OracleActivation.elu(1, 1, 1));
        all.put(ActivationFunction.elu(0.3), OracleActivation.elu(0.3, 1, 1));
        all.put(ActivationFunction.celu(2), OracleActivation.elu(2, 2, 1));
        all.put(ActivationFunction.celu(0.4), OracleActivation.elu(0.4, 0.4, 1));
        all.put(
                ActivationFunction.SELU,
                OracleActivation.elu(1.6732632423543772, 1, 1.0507009873554805));
        all.put(ActivationFunction.selu(2, 3), OracleActivation.elu(2, 1, 3));
        all.put(ActivationFunction.GELU, OracleActivation.GELU_ERF);
        all.put(ActivationFunction.GELU_TANH, OracleActivation.GELU_TANH);
        all.put(ActivationFunction.geluTanh(0.79788456), OracleActivation.geluTanh(0.79788456));
        all.put(ActivationFunction.geluTanh(0.6), OracleActivation.geluTanh(0.6));
        all.put(ActivationFunction.GELU_QUICK, OracleActivation.swish(1.702));
        all.put(ActivationFunction.clippedGelu(-0.1, 2), OracleActivation.clippedGelu(-0.1, 2));
        all.put(ActivationFunction.SILU, OracleActivation.SILU);
        all.put(ActivationFunction.swish(-0.5), OracleActivation.swish(-0.5));
        all.put(ActivationFunction.HARD_SIGMOID, OracleActivation.clampedLine(1.0 / 6, 0.5, 0, 1));
        all.put(
                ActivationFunction.hardSigmoid(0.5, 0.6),
                OracleActivation.clampedLine(0.5, 0.6, 0, 1));
        all.put(
                ActivationFunction.hardSigmoid(0.5, 0.25),
                OracleActivation.clampedLine(0.5, 0.25, 0, 1));
        all.put(ActivationFunction.HARD_SWISH, OracleActivation.hardSwish(1.0 / 6, 0.5));
        all.put(ActivationFunction.HARD_TANH, OracleActivation.clampedLine(1, 0, -1, 1));
        all.put(
                ActivationFunction.hardTanh(-0.2, 1.3),
                OracleActivation.clampedLine(1, 0, -0.2, 1.3));
        all.put(ActivationFunction.MISH, OracleActivation.MISH);
        all.put(
                ActivationFunction.SOFTPLUS,
                OracleActivation.softplus(1, Double.POSITIVE_INFINITY));
        all.put(ActivationFunction.softplus(2.5, 3), OracleActivation.softplus(2.5, 3));
        all.put(ActivationFunction.SOFTSIGN, OracleActivation.SOFTSIGN);
        all.put(ActivationFunction.LAPLACE, OracleActivation.laplace(0.707107, 0.282095));
        return all;
    }

    static OracleActivation oracle(ActivationFunction function) {
        OracleActivation found = FUNCTIONS.get(function);
        if (found == null) {
            throw new IllegalArgumentException("no formula is known for " + function);
        }
        return found;
    }

    static List<ActivationFunction> functionsUnderTest() {
        return List.copyOf(FUNCTIONS.keySet());
    }

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        FUNCTIONS
                .keySet()
                .forEach(
                        function ->
                                cases.add(
                                        elementwise(
                                                function, RandomTensors.uniform(17, -5, 5, 64))));
        cases.add(prelu("shared", PRelu::shared, 2));
        cases.add(prelu("per channel, last axis", () -> PRelu.perChannel(6, -1), 2));
        cases.add(prelu("per channel, axis 1", () -> PRelu.perChannel(5, 1), 1));
        cases.add(swish("shared", Swish::shared));
        cases.add(swish("per channel", () -> Swish.perChannel(6)));
        // With one slope there is nothing random, in training either.
        cases.add(
                ParityCase.builder("RRelu", "equal bounds")
                        .setBlock(() -> RRelu.of(0.25, 0.25))
                        .addInput("x", RandomTensors.normal(41, 4, 6), 4, 6)
                        .setFormula(
                                (arrays, p) ->
                                        OracleActivation.leakyRelu(0.25)
                                                .apply(Scope.get(arrays, "x")))
                        .setTolerance(1, 1, "one product")
                        .build());
        for (int axis : new int[] {0, 1, 2}) {
            cases.add(softmax(axis, false));
            cases.add(softmax(axis, true));
        }
        return cases;
    }

    static ParityCase elementwise(ActivationFunction function, double[] x) {
        ParityCaseBuilder builder = ParityCase.builder("ActivationBlock", function.toString());
        return withErf(builder, usesErf(function))
                .setBlock(() -> ActivationBlock.of(function))
                .addInput("x", x, x.length / 4, 4)
                .setFormula((arrays, parameters) -> oracle(function).apply(Scope.get(arrays, "x")))
                .setTolerance(
                        1,
                        4,
                        "a chain of up to five well conditioned steps, each good to two epsilon of"
                                + " at most the largest result")
                // Engines take slopes from rounded values: 1 - y of a sigmoid near 1 has no digits.
                .optGradientScale("x", 1)
                .build();
    }

    /**
     * MXNet's derivative of erf has the float32 number nearest to pi in its factor 2 / sqrt(pi): in
     * FLOAT64 gradients were 4e-8 of the largest element off.
     */
    static ParityCaseBuilder withErf(ParityCaseBuilder builder, boolean usesErf) {
        return usesErf ? builder.optSinglePrecisionGradients("MXNet") : builder;
    }

    private static boolean usesErf(ActivationFunction function) {
        return switch (function.kind()) {
            case GELU, CLIPPED_GELU, ERF, LAPLACE -> true;
            default -> false;
        };
    }

    private static ParityCase prelu(String variant, Supplier<PRelu> block, int axis) {
        return ParityCase.builder("PRelu", variant)
                .setBlock(block)
                .addInput("x", RandomTensors.normal(variant.hashCode(), 2, 5, 6), 2, 5, 6)
                .setFormula(
                        (arrays, p) ->
                                OracleLearnedActivation.prelu(
                                        Scope.get(arrays, "x"), Scope.get(p, "weight"), axis))
                .setTolerance(1, 2, "one product")
                .optGradientTerms(60)
                .build();
    }

    private static ParityCase swish(String variant, Supplier<Swish> block) {
        return ParityCase.builder("Swish", variant)
                .setBlock(block)
                .addInput("x", RandomTensors.normal(variant.hashCode(), 2, 5, 6), 2, 5, 6)
                .setFormula(
                        (arrays, p) ->
                                OracleLearnedActivation.swish(
                                        Scope.get(arrays, "x"), Scope.get(p, "beta")))
                .setTolerance(1, 4, "two products and a sigmoid good to two epsilon")
                .optGradientTerms(60)
                .build();
    }

    private static ParityCase softmax(int axis, boolean log) {
        String name = log ? "LogSoftmax" : "Softmax";
        // Counted from the end half of the time.
        int given = axis == 1 ? 1 : axis - 3;
        return ParityCase.builder(name, "axis " + given)
                .setBlock(() -> log ? LogSoftmax.of(given) : Softmax.of(given))
                .addInput("x", RandomTensors.normal(51 + axis, 3, 4, 5), 3, 4, 5)
                .setFormula(
                        (arrays, p) ->
                                log
                                        ? OracleSoftmax.logSoftmax(Scope.get(arrays, "x"), axis)
                                        : OracleSoftmax.softmax(Scope.get(arrays, "x"), axis))
                .setTolerance(5, 4, "difference, exponential, a sum of up to five, and its inverse")
                .build();
    }
}

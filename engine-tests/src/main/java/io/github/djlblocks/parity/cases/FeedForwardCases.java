package io.github.djlblocks.parity.cases;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import java.util.ArrayList;
import java.util.List;

/** Cases of the gated feed-forward block, and in it of the activation functions. */
final class FeedForwardCases {

    private static final List<ActivationFunction> GATES =
            List.of(
                    ActivationFunction.SILU,
                    ActivationFunction.GELU,
                    ActivationFunction.GELU_TANH,
                    ActivationFunction.RELU,
                    ActivationFunction.SIGMOID,
                    ActivationFunction.TANH,
                    ActivationFunction.IDENTITY);

    private FeedForwardCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        for (ActivationFunction function : GATES) {
            cases.add(gated(function + ", no bias", function, false, 12, 20, 2, 5, 12));
            cases.add(gated(function + ", bias", function, true, 7, 5, 3, 7));
        }
        cases.add(gated("(1, 1, 1)", ActivationFunction.SILU, true, 1, 1, 1, 1, 1));
        return cases;
    }

    static OracleActivation oracle(ActivationFunction function) {
        return ActivationCases.oracle(function);
    }

    static GatedFeedForward block(ActivationFunction function, boolean bias, int e, int f) {
        return GatedFeedForward.of(
                linear(e, f, bias), linear(e, f, bias), linear(f, e, bias), function);
    }

    static Linear linear(int inputs, int outputs, boolean bias) {
        return bias ? Linear.withBias(inputs, outputs) : Linear.withoutBias(inputs, outputs);
    }

    private static ParityCase gated(
            String variant,
            ActivationFunction function,
            boolean bias,
            int e,
            int f,
            long... shape) {
        ParityCaseBuilder builder = ParityCase.builder("GatedFeedForward", variant);
        if (function == ActivationFunction.GELU) {
            // MXNet's derivative of erf has the float32 number nearest to pi in its factor 2 /
            // sqrt(pi): in FLOAT64 gradients were 4e-8 of the largest element off.
            builder.optSinglePrecisionGradients("MXNet");
        }
        return builder.setBlock(() -> block(function, bias, e, f))
                .addInput("x", RandomTensors.normal(variant.hashCode(), shape), shape)
                .setFormula(
                        (arrays, parameters) ->
                                Scope.of(parameters)
                                        .gatedFeedForward(Scope.get(arrays, "x"), oracle(function)))
                .setTolerance(
                        e + f + 2L,
                        4,
                        "sums over E and over F, lambda 4 (2); activation and gate, each good to"
                                + " two epsilon (2)")
                .build();
    }
}

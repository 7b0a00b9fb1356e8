package io.github.djlblocks.parity.cases;

import io.github.djlblocks.activation.PRelu;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleLearnedActivation;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** Cases of the feed-forward blocks, and in the gated one of the usual gates. */
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

    private static final int E = 8;
    private static final int F = 14;

    private FeedForwardCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        for (ActivationFunction function : GATES) {
            cases.add(gated(function + ", no bias", function, false, 12, 20, 2, 5, 12));
            cases.add(gated(function + ", bias", function, true, 7, 5, 3, 7));
        }
        cases.add(gated("(1, 1, 1)", ActivationFunction.SILU, true, 1, 1, 1, 1, 1));
        cases.addAll(GatedCases.all());
        cases.addAll(plain());
        return cases;
    }

    private static List<ParityCase> plain() {
        return List.of(
                plain(
                        "ReLU, bias",
                        () -> up(true).optActivation(ActivationFunction.RELU),
                        (scope, h) -> OracleActivation.RELU.apply(h)),
                plain(
                        "GELU, no bias",
                        () -> up(false).optActivation(ActivationFunction.GELU),
                        (scope, h) -> OracleActivation.GELU_ERF.apply(h)),
                plain(
                        "squared ReLU and a norm before down",
                        () ->
                                up(true).optActivation(ActivationFunction.SQUARED_RELU)
                                        .optNorm(LayerNorm.builder().setChannels(F).build()),
                        (scope, h) ->
                                scope.child("norm")
                                        .layerNorm(OracleActivation.SQUARED_RELU.apply(h), 1e-5)),
                plain(
                        "activation that learns",
                        () -> up(true).optActivation(PRelu.perChannel(F, -1)),
                        (scope, h) ->
                                OracleLearnedActivation.prelu(
                                        h, scope.required("activation.weight"), 2)));
    }

    private static FeedForward.Builder up(boolean bias) {
        return FeedForward.builder().setUp(linear(E, F, bias)).setDown(linear(F, E, bias));
    }

    private static ParityCase plain(
            String variant,
            Supplier<FeedForward.Builder> builder,
            BiFunction<Scope, Var, Var> hidden) {
        ParityCaseBuilder parityCase = ParityCase.builder("FeedForward", variant);
        return ActivationCases.withErf(parityCase, variant.startsWith("GELU"))
                .setBlock(() -> builder.get().build())
                .addInput("x", RandomTensors.normal(variant.hashCode(), 2, 4, E), 2, 4, E)
                .setFormula(
                        (arrays, parameters) -> {
                            Scope scope = Scope.of(parameters);
                            Var up = scope.linear("up", Scope.get(arrays, "x"));
                            return scope.linear("down", hidden.apply(scope, up));
                        })
                .setTolerance(
                        E + 2L * F + 2,
                        6,
                        "sums over E, over F and in the norm, lambda 4 (2), the norm (2); the"
                                + " activation, good to two epsilon (2)")
                .build();
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
        return ActivationCases.withErf(builder, function.equals(ActivationFunction.GELU))
                .setBlock(() -> block(function, bias, e, f))
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

package io.github.djlblocks.parity.cases;

import io.github.djlblocks.activation.Swish;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.GateOrder;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleLearnedActivation;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Cases of the gated feed-forward block: fused, limited, with a norm, by name. */
final class GatedCases {

    private static final int E = 8;
    private static final int F = 10;

    private GatedCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        cases.add(fused("fused, gate first", GateOrder.GATE_FIRST, i -> i, i -> F + i));
        cases.add(fused("fused, value first", GateOrder.VALUE_FIRST, i -> F + i, i -> i));
        cases.add(fused("fused, interleaved", GateOrder.INTERLEAVED, i -> 2 * i, i -> 2 * i + 1));
        cases.add(
                gated(
                        "limit, offset and quick GELU",
                        () ->
                                separate()
                                        .optActivation(ActivationFunction.GELU_QUICK)
                                        .optLimit(0.75)
                                        .optUpOffset(1),
                        (gate, scope) -> OracleActivation.swish(1.702).apply(below(gate, 0.75)),
                        up -> {
                            Var held = OracleActivation.clampedLine(1, 0, -0.75, 0.75).apply(up);
                            double[] ones = new double[held.values().length];
                            Arrays.fill(ones, 1);
                            return OracleMath.add(held, Var.of(ones, held.shape()));
                        },
                        false));
        cases.add(
                gated(
                        "norm before down",
                        () -> separate().optNorm(RmsNorm.builder().setChannels(F).build()),
                        (gate, scope) -> OracleActivation.SILU.apply(gate),
                        up -> up,
                        true));
        cases.add(
                gated(
                        "gate that learns",
                        () -> separate().optActivation(Swish.perChannel(F)),
                        (gate, scope) ->
                                OracleLearnedActivation.swish(
                                        gate, scope.required("activation.beta")),
                        up -> up,
                        false));
        cases.add(named("GLU", GatedFeedForward::glu, OracleActivation.SIGMOID));
        cases.add(named("bilinear", GatedFeedForward::bilinear, OracleActivation.IDENTITY));
        cases.add(named("ReGLU", GatedFeedForward::reGlu, OracleActivation.RELU));
        cases.add(named("GeGLU", GatedFeedForward::geGlu, OracleActivation.GELU_ERF));
        cases.add(named("SwiGLU", GatedFeedForward::swiGlu, OracleActivation.SILU));
        return cases;
    }

    private static Var below(Var x, double limit) {
        return OracleActivation.clampedLine(1, 0, -1e300, limit).apply(x);
    }

    private static GatedFeedForward.Builder separate() {
        return GatedFeedForward.builder()
                .setProjections(Linear.withBias(E, F), Linear.withBias(E, F))
                .setDown(Linear.withBias(F, E));
    }

    private interface ByName {
        GatedFeedForward of(Linear gate, Linear up, Linear down);
    }

    private static ParityCase named(String name, ByName factory, OracleActivation activation) {
        return start(
                        name,
                        () ->
                                factory.of(
                                        Linear.withoutBias(E, F),
                                        Linear.withoutBias(E, F),
                                        Linear.withoutBias(F, E)))
                .setFormula(
                        (arrays, p) ->
                                Scope.of(p).gatedFeedForward(Scope.get(arrays, "x"), activation))
                .build();
    }

    private static ParityCase gated(
            String variant,
            Supplier<GatedFeedForward.Builder> builder,
            BiFunction<Var, Scope, Var> activation,
            UnaryOperator<Var> value,
            boolean norm) {
        return start(variant, () -> builder.get().build())
                .setFormula(
                        (arrays, p) -> {
                            Scope scope = Scope.of(p);
                            Var x = Scope.get(arrays, "x");
                            Var gate = activation.apply(scope.linear("gate", x), scope);
                            Var y = OracleMath.mul(gate, value.apply(scope.linear("up", x)));
                            return scope.linear(
                                    "down", norm ? scope.child("norm").rmsNorm(y, 1e-6) : y);
                        })
                .build();
    }

    /** The rows of the fused projection are looked up, so that gradients follow them back. */
    private static ParityCase fused(
            String variant, GateOrder order, IntUnaryOperator gate, IntUnaryOperator up) {
        return start(
                        variant,
                        () ->
                                GatedFeedForward.builder()
                                        .setFusedProjection(Linear.withBias(E, 2 * F), order)
                                        .setDown(Linear.withBias(F, E))
                                        .build())
                .setFormula(
                        (arrays, p) -> {
                            Var x = Scope.get(arrays, "x");
                            Var weight = Scope.get(p, "gateUp.weight");
                            Var bias = Scope.get(p, "gateUp.bias");
                            return OracleLinear.gatedFeedForward(
                                    x,
                                    rows(weight, gate),
                                    rows(weight, up),
                                    Scope.get(p, "down.weight"),
                                    elements(bias, gate),
                                    elements(bias, up),
                                    Scope.get(p, "down.bias"),
                                    OracleActivation.SILU);
                        })
                .build();
    }

    private static Var rows(Var table, IntUnaryOperator row) {
        int[] ids = new int[F];
        Arrays.setAll(ids, row);
        return OracleLinear.embedding(ids, new int[] {F}, table);
    }

    private static @Nullable Var elements(Var vector, IntUnaryOperator row) {
        return OracleMath.reshape(rows(OracleMath.reshape(vector, 2 * F, 1), row), F);
    }

    private static ParityCaseBuilder start(String variant, Supplier<GatedFeedForward> block) {
        ParityCaseBuilder builder = ParityCase.builder("GatedFeedForward", variant);
        return ActivationCases.withErf(builder, variant.equals("GeGLU"))
                .setBlock(block)
                .addInput("x", RandomTensors.normal(variant.hashCode(), 2, 4, E), 2, 4, E)
                .setTolerance(
                        E + 2L * F + 2,
                        6,
                        "sums over E, over F and in the norm, lambda 4 (2), the norm (2);"
                                + " activation and gate, each good to two epsilon (2)");
    }
}

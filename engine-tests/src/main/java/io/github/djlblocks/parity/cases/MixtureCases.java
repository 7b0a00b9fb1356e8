package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleMixtureOfExperts;
import io.github.djlblocks.parity.oracle.OracleRouting;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Cases of the mixture of experts and of its router alone. */
final class MixtureCases {

    private static final int E = 8;
    private static final int F = 6;
    private static final int B = 2;
    private static final int S = 5;

    private MixtureCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        cases.add(router());
        cases.add(mixture("Mixtral", 4, 2, b -> b, OracleRouting.softmax(2, true)).build());
        cases.add(mixture("one of one", 1, 1, b -> b, OracleRouting.softmax(1, true)).build());
        cases.add(
                mixture(
                                "Qwen3, not normalised",
                                6,
                                3,
                                b -> b.optNormalize(false),
                                OracleRouting.softmax(3, false))
                        .build());
        // Softmax of the chosen logits is softmax of all, normalised over the chosen.
        cases.add(
                mixture(
                                "gpt-oss, router bias",
                                5,
                                2,
                                b ->
                                        b.optScore(Score.SOFTMAX_OF_CHOSEN)
                                                .optNormalize(false)
                                                .optBias(true),
                                OracleRouting.softmax(2, true))
                        .build());
        cases.add(
                mixture(
                                "DeepSeek-V2, groups by their best, scaled",
                                6,
                                2,
                                b ->
                                        b.optNormalize(false)
                                                .optScale(1.75)
                                                .optGroups(3, 1, GroupScore.MAX),
                                new OracleRouting(2, false, false, 1.75, 3, 1, 1))
                        .build());
        cases.add(
                mixture(
                                "DeepSeek-V3, correction bias, groups by their two best",
                                8,
                                3,
                                b ->
                                        b.optScore(Score.SIGMOID)
                                                .optCorrectionBias(true)
                                                .optScale(2.5)
                                                .optGroups(4, 2, GroupScore.TOP_TWO),
                                new OracleRouting(3, true, true, 2.5, 4, 2, 2))
                        .build());
        cases.add(shared("shared expert", false));
        cases.add(shared("gated shared expert", true));
        return cases;
    }

    private static ParityCase router() {
        return ParityCase.builder("Router", "bias")
                .setBlock(
                        () ->
                                Router.builder()
                                        .setHiddenSize(E)
                                        .setExperts(3)
                                        .setExpertsPerToken(1)
                                        .optBias(true)
                                        .build())
                .addInput("x", RandomTensors.normal(61, B, S, E), B, S, E)
                .setFormula((arrays, p) -> logits(Scope.of(p), Scope.get(arrays, "x")))
                .setTolerance(E, 2, "a sum over E, lambda 4")
                .build();
    }

    private static Var logits(Scope router, Var x) {
        return OracleLinear.linear(x, router.required("weight"), router.optional("bias"));
    }

    /** Each expert has numbers of its own, as parameters are drawn by their paths. */
    static Block expert() {
        return GatedFeedForward.of(
                Linear.withoutBias(E, F), Linear.withoutBias(E, F), Linear.withoutBias(F, E));
    }

    static MixtureOfExperts.Builder block(
            int experts, int chosen, UnaryOperator<Router.Builder> change) {
        List<Block> blocks = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            blocks.add(expert());
        }
        return MixtureOfExperts.builder()
                .setRouter(
                        change.apply(
                                        Router.builder()
                                                .setHiddenSize(E)
                                                .setExperts(experts)
                                                .setExpertsPerToken(chosen))
                                .build())
                .setExperts(blocks);
    }

    static ParityCaseBuilder mixture(
            String variant,
            int experts,
            int chosen,
            UnaryOperator<Router.Builder> change,
            OracleRouting routing) {
        return start(variant)
                .setBlock(() -> block(experts, chosen, change).build())
                .setFormula(
                        (arrays, p) ->
                                OracleMath.reshape(
                                        routed(
                                                Scope.of(p),
                                                rows(Scope.get(arrays, "x")),
                                                experts,
                                                routing),
                                        B,
                                        S,
                                        E));
    }

    private static ParityCase shared(String variant, boolean gate) {
        return start(variant)
                .setBlock(
                        () -> {
                            MixtureOfExperts.Builder builder =
                                    block(4, 2, b -> b)
                                            .optSharedExpert(
                                                    FeedForward.of(
                                                            Linear.withBias(E, F),
                                                            Linear.withBias(F, E),
                                                            ActivationFunction.RELU));
                            return (gate
                                            ? builder.optSharedGate(Linear.withoutBias(E, 1))
                                            : builder)
                                    .build();
                        })
                .setFormula(
                        (arrays, p) -> {
                            Scope scope = Scope.of(p);
                            Var x = rows(Scope.get(arrays, "x"));
                            Scope shared = scope.child("sharedExpert");
                            Var y =
                                    shared.linear(
                                            "down",
                                            OracleActivation.RELU.apply(shared.linear("up", x)));
                            if (gate) {
                                y = gated(scope, x, y);
                            }
                            Var routed = routed(scope, x, 4, OracleRouting.softmax(2, true));
                            return OracleMath.reshape(OracleMath.add(routed, y), B, S, E);
                        })
                .build();
    }

    private static Var rows(Var x) {
        return OracleMath.reshape(x, B * S, E);
    }

    /** What a shared expert gives, as far as its gate lets it. */
    static Var gated(Scope scope, Var x, Var y) {
        Var share = OracleActivation.SIGMOID.apply(scope.linear("sharedGate", x));
        return OracleMixtureOfExperts.combine(share, List.of(y));
    }

    static Var routed(Scope scope, Var x, int experts, OracleRouting routing) {
        Var correction = scope.child("router").optional("correctionBias");
        Var weights =
                OracleMixtureOfExperts.weights(
                        logits(scope.child("router"), x),
                        correction == null ? null : correction.values(),
                        routing);
        List<Var> outputs = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            outputs.add(scope.child("experts." + e).gatedFeedForward(x, OracleActivation.SILU));
        }
        return OracleMixtureOfExperts.combine(weights, outputs);
    }

    private static ParityCaseBuilder start(String variant) {
        Shape shape = new Shape(B, S, E);
        return ParityCase.builder("MixtureOfExperts", variant)
                .addInput("x", RandomTensors.normal(variant.hashCode(), shape.getShape()), B, S, E)
                .setTolerance(
                        2 * E + F + 8,
                        6,
                        "sums over E for logits and experts, over F, over up to eight experts,"
                                + " lambda 4 (2); scores and their normalisation (2), gate and"
                                + " weight (2)");
    }
}

package io.github.djlblocks.parity.cases;

import ai.djl.nn.Block;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.layer.LayerScale;
import io.github.djlblocks.layer.ParallelResidual;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.OracleResiduals;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions;
import io.github.djlblocks.parity.oracle.Var;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Cases of the residual schemes beside pre-norm, post-norm and DeepNorm. */
final class ResidualCases {

    private static final int E = 12;
    private static final int F = 20;
    private static final int S = 5;
    private static final double EPSILON = 1e-5;
    private static final long FEED_FORWARD_TERMS = E + F + 2;
    private static final OracleRmsNormOptions UNIT_OFFSET =
            new OracleRmsNormOptions(OracleRmsNormOptions.EpsilonPlacement.INSIDE_ROOT, true);

    private static final AttentionShape ATTENTION =
            AttentionShape.of(E, 4, 2, 4).withCausal().withRotary(RotaryLayout.HALF_SPLIT);

    private ResidualCases() {}

    static List<ParityCase> all() {
        return List.of(
                residual("sandwich", FEED_FORWARD_TERMS + 2 * E)
                        .setBlock(
                                () -> Residual.sandwich(rmsNorm(true), feedForward(), layerNorm()))
                        .setFormula((arrays, p) -> sandwich(x(arrays), Scope.of(p)))
                        .build(),
                residual("output norm", FEED_FORWARD_TERMS + E)
                        .setBlock(() -> Residual.output(feedForward(), rmsNorm(false)))
                        .setFormula(
                                (arrays, p) ->
                                        OracleResiduals.sandwichNorm(
                                                x(arrays),
                                                y -> y,
                                                rms(Scope.of(p).child("outputNorm")),
                                                fed(Scope.of(p).child("sublayer"))))
                        .build(),
                residual("no norm", FEED_FORWARD_TERMS)
                        .setBlock(() -> Residual.builder().setSublayer(feedForward()).build())
                        .setFormula(
                                (arrays, p) ->
                                        OracleMath.add(
                                                x(arrays),
                                                fed(Scope.of(p).child("sublayer"))
                                                        .apply(x(arrays))))
                        .build(),
                residual("normed residual", FEED_FORWARD_TERMS + E)
                        .setBlock(
                                () ->
                                        Residual.builder()
                                                .setSublayer(feedForward())
                                                .optInputNorm(layerNorm())
                                                .optNormedResidual(true)
                                                .build())
                        .setFormula(
                                (arrays, p) ->
                                        OracleResiduals.normedResidual(
                                                x(arrays),
                                                y ->
                                                        Scope.of(p)
                                                                .child("norm")
                                                                .layerNorm(y, EPSILON),
                                                fed(Scope.of(p).child("sublayer"))))
                        .build(),
                residual("post, multiplier 0.22, weight 1.7", FEED_FORWARD_TERMS + 2 * E)
                        .setBlock(
                                () ->
                                        Residual.builder()
                                                .setSublayer(feedForward())
                                                .optSumNorm(layerNorm())
                                                .optMultiplier(0.22)
                                                .optResidualWeight(1.7)
                                                .build())
                        .setFormula((arrays, p) -> weighted(x(arrays), Scope.of(p)))
                        .build(),
                residual("sandwich, LayerScale, multiplier 1.4", FEED_FORWARD_TERMS + 2 * E)
                        .setBlock(
                                () ->
                                        Residual.builder()
                                                .setSublayer(feedForward())
                                                .optInputNorm(rmsNorm(false))
                                                .optOutputNorm(layerNorm())
                                                .optLayerScale(LayerScale.of(E, 0.1))
                                                .optMultiplier(1.4)
                                                .build())
                        .setFormula((arrays, p) -> everything(x(arrays), Scope.of(p)))
                        .build(),
                parallel("two norms", layerTerms())
                        .setBlock(
                                () ->
                                        ParallelResidual.of(
                                                Residual.pre(layerNorm(), ATTENTION.block()),
                                                Residual.pre(rmsNorm(false), feedForward())))
                        .setFormula((arrays, p) -> twoNorms(arrays, Scope.of(p)))
                        .build(),
                parallel("shared norm, LayerScale of the second", layerTerms())
                        .setBlock(
                                () ->
                                        ParallelResidual.sharing(
                                                layerNorm(),
                                                Residual.builder()
                                                        .setSublayer(ATTENTION.block())
                                                        .build(),
                                                Residual.builder()
                                                        .setSublayer(feedForward())
                                                        .optLayerScale(LayerScale.of(E, 1))
                                                        .build()))
                        .setFormula((arrays, p) -> sharedNorm(arrays, Scope.of(p)))
                        .build());
    }

    private static Var sandwich(Var x, Scope p) {
        return OracleResiduals.sandwichNorm(
                x,
                y ->
                        OracleNorms.rmsNorm(
                                y, p.child("norm").required("weight"), EPSILON, UNIT_OFFSET),
                y -> p.child("outputNorm").layerNorm(y, EPSILON),
                fed(p.child("sublayer")));
    }

    private static Var weighted(Var x, Scope p) {
        Var branch = OracleMath.scale(fed(p.child("sublayer")).apply(x), 0.22);
        Var sum = OracleMath.add(OracleMath.scale(x, 1.7), branch);
        return p.child("norm").layerNorm(sum, EPSILON);
    }

    private static Var everything(Var x, Scope p) {
        return OracleResiduals.sandwichNorm(
                x,
                rms(p.child("norm")),
                y ->
                        OracleMath.scale(
                                OracleMath.mul(
                                        p.child("outputNorm").layerNorm(y, EPSILON),
                                        p.required("layerScale.weight")),
                                1.4),
                fed(p.child("sublayer")));
    }

    private static Var twoNorms(Map<String, Var> arrays, Scope p) {
        Scope attention = p.child("attention");
        Scope feedForward = p.child("feedForward");
        return OracleResiduals.parallel(
                x(arrays),
                y -> attention.child("norm").layerNorm(y, EPSILON),
                y -> ATTENTION.formula(arrays, attention.child("sublayer"), y),
                rms(feedForward.child("norm")),
                fed(feedForward.child("sublayer")));
    }

    private static Var sharedNorm(Map<String, Var> arrays, Scope p) {
        UnaryOperator<Var> norm = y -> p.child("norm").layerNorm(y, EPSILON);
        Scope feedForward = p.child("feedForward");
        return OracleResiduals.parallel(
                x(arrays),
                norm,
                y -> ATTENTION.formula(arrays, p.child("attention").child("sublayer"), y),
                norm,
                y ->
                        OracleMath.mul(
                                fed(feedForward.child("sublayer")).apply(y),
                                feedForward.required("layerScale.weight")));
    }

    private static UnaryOperator<Var> rms(Scope p) {
        return y -> p.rmsNorm(y, EPSILON);
    }

    private static UnaryOperator<Var> fed(Scope p) {
        return y -> p.gatedFeedForward(y, OracleActivation.SILU);
    }

    private static Block feedForward() {
        return FeedForwardCases.block(ActivationFunction.SILU, false, E, F);
    }

    private static RmsNorm rmsNorm(boolean unitOffset) {
        return RmsNorm.builder()
                .setChannels(E)
                .optEpsilon(EPSILON)
                .optUnitOffset(unitOffset)
                .build();
    }

    private static LayerNorm layerNorm() {
        return LayerNorm.builder().setChannels(E).optEpsilon(EPSILON).build();
    }

    private static long layerTerms() {
        return ATTENTION.terms(S) + FEED_FORWARD_TERMS + 2 * E;
    }

    private static ParityCaseBuilder residual(String variant, long terms) {
        return start("Residual", variant, terms);
    }

    private static ParityCaseBuilder parallel(String variant, long terms) {
        return start("ParallelResidual", variant, terms);
    }

    private static ParityCaseBuilder start(String block, String variant, long terms) {
        double[] x = RandomTensors.normal(variant.hashCode(), 2, S, E);
        return ParityCase.builder(block, variant)
                .addInput("x", x, 2, S, E)
                .setTolerance(
                        terms,
                        4,
                        "the terms of norms and sublayers one after the other; their constant, 4,"
                                + " holds for each");
    }

    private static Var x(Map<String, Var> arrays) {
        return Scope.get(arrays, "x");
    }
}

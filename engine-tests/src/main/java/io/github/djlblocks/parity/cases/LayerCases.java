package io.github.djlblocks.parity.cases;

import ai.djl.nn.Block;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleResiduals;
import io.github.djlblocks.parity.oracle.Var;
import java.util.List;
import java.util.Map;

/** Cases of residual connections and of decoder layers. */
final class LayerCases {

    private static final int E = 12;
    private static final int F = 20;
    private static final int S = 5;
    private static final double EPSILON = 1e-5;
    private static final int DEPTH = 6;

    private static final AttentionShape ATTENTION =
            AttentionShape.of(E, 4, 2, 4).withCausal().withRotary(RotaryLayout.HALF_SPLIT);

    private static final long FEED_FORWARD_TERMS = E + F + 2;
    private static final String REASON =
            "the terms of norm and sublayer one after the other; their constant, 4, holds for each";

    private LayerCases() {}

    static List<ParityCase> all() {
        return List.of(
                start("Residual", "pre, RMSNorm, feed-forward", FEED_FORWARD_TERMS + E)
                        .setBlock(() -> Residual.pre(rmsNorm(), feedForward()))
                        .setFormula(
                                (arrays, parameters) -> preFeedForward(of(parameters), x(arrays)))
                        .build(),
                start("Residual", "post, LayerNorm, feed-forward", FEED_FORWARD_TERMS + 2 * E)
                        .setBlock(() -> Residual.post(layerNorm(), feedForward()))
                        .setFormula(
                                (arrays, parameters) -> {
                                    Scope p = of(parameters);
                                    return OracleResiduals.postNorm(
                                            x(arrays),
                                            y -> p.child("norm").layerNorm(y, EPSILON),
                                            y -> feedForward(p.child("sublayer"), y));
                                })
                        .build(),
                start("DeepNorm", "feed-forward, 6 layers", FEED_FORWARD_TERMS + 2 * E)
                        .setBlock(() -> deepNorm(feedForward()))
                        .setFormula(
                                (arrays, parameters) -> deepFeedForward(of(parameters), x(arrays)))
                        .build(),
                start("DeepNorm", "attention, 6 layers", ATTENTION.terms(S) + 2 * E)
                        .setBlock(() -> deepNorm(ATTENTION.block()))
                        .setFormula(
                                (arrays, parameters) ->
                                        deepAttention(arrays, of(parameters), x(arrays)))
                        .build(),
                start("DecoderLayer", "pre-norm, RMSNorm", layerTerms())
                        .setBlock(LayerCases::preNormLayer)
                        .setFormula(
                                (arrays, parameters) -> llama(arrays, of(parameters), x(arrays)))
                        .build(),
                start("DecoderLayer", "DeepNorm", layerTerms() + 2 * E)
                        .setBlock(
                                () ->
                                        DecoderLayer.of(
                                                deepNorm(ATTENTION.block()),
                                                deepNorm(feedForward())))
                        .setFormula(
                                (arrays, parameters) -> {
                                    Scope p = of(parameters);
                                    Var attended =
                                            deepAttention(arrays, p.child("attention"), x(arrays));
                                    return deepFeedForward(p.child("feedForward"), attended);
                                })
                        .build());
    }

    /** Terms of attention, feed-forward and two norms. */
    static long layerTerms() {
        return ATTENTION.terms(S) + FEED_FORWARD_TERMS + 2 * E;
    }

    private static DecoderLayer preNormLayer() {
        return DecoderLayer.of(
                Residual.pre(rmsNorm(), ATTENTION.block()), Residual.pre(rmsNorm(), feedForward()));
    }

    private static Var llama(Map<String, Var> arrays, Scope p, Var x) {
        Scope attention = p.child("attention");
        Var attended =
                OracleResiduals.preNorm(
                        x,
                        y -> attention.child("norm").rmsNorm(y, EPSILON),
                        y -> ATTENTION.formula(arrays, attention.child("sublayer"), y));
        return preFeedForward(p.child("feedForward"), attended);
    }

    private static Var preFeedForward(Scope p, Var x) {
        return OracleResiduals.preNorm(
                x,
                y -> p.child("norm").rmsNorm(y, EPSILON),
                y -> feedForward(p.child("sublayer"), y));
    }

    private static Var deepFeedForward(Scope p, Var x) {
        return OracleResiduals.deepNorm(
                x,
                y -> feedForward(p.child("sublayer"), y),
                OracleResiduals.deepNormAlpha(DEPTH),
                p.required("norm.weight"),
                p.required("norm.bias"),
                EPSILON);
    }

    private static Var deepAttention(Map<String, Var> arrays, Scope p, Var x) {
        return OracleResiduals.deepNorm(
                x,
                y -> ATTENTION.formula(arrays, p.child("sublayer"), y),
                OracleResiduals.deepNormAlpha(DEPTH),
                p.required("norm.weight"),
                p.required("norm.bias"),
                EPSILON);
    }

    private static Var feedForward(Scope p, Var x) {
        return p.gatedFeedForward(x, OracleActivation.SILU);
    }

    private static GatedFeedForward feedForward() {
        return FeedForwardCases.block(ActivationFunction.SILU, false, E, F);
    }

    private static RmsNorm rmsNorm() {
        return RmsNorm.builder().setChannels(E).optEpsilon(EPSILON).build();
    }

    private static LayerNorm layerNorm() {
        return LayerNorm.builder().setChannels(E).optEpsilon(EPSILON).build();
    }

    private static DeepNorm deepNorm(Block sublayer) {
        return DeepNorm.of(layerNorm(), sublayer, DeepNorm.Constants.decoderOnly(DEPTH));
    }

    private static ParityCaseBuilder start(String block, String variant, long terms) {
        double[] x = RandomTensors.normal(variant.hashCode(), 2, S, E);
        return ParityCase.builder(block, variant)
                .addInput("x", x, 2, S, E)
                .setTolerance(terms, 4, REASON);
    }

    private static Scope of(Map<String, Var> parameters) {
        return Scope.of(parameters);
    }

    private static Var x(Map<String, Var> arrays) {
        return Scope.get(arrays, "x");
    }
}

package io.github.djlblocks.parity.cases;

import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.ParallelResidual;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.AlibiBias;
import io.github.djlblocks.position.LearnedPositions;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.Arrays;
import java.util.List;

/** Cases of language models of other layers, embeddings and positions than those of Llama. */
final class LanguageModelCases {

    private static final int V = 13;
    private static final int E = 12;
    private static final int F = 20;
    private static final int S = 5;
    private static final int H = 4;
    private static final int D = 3;
    private static final double SCALE = 2.5;
    private static final double EPSILON = 1e-5;
    private static final long LAYER = E + E + D + S + (long) H * D + E + F;
    private static final double[] IDS = {3, 0, 12, 7, 7, 1, 2, 11, 5, 9};

    private LanguageModelCases() {}

    static List<ParityCase> all() {
        return List.of(parallel(), twoBases());
    }

    private static ParityCase parallel() {
        return ParityCase.builder(
                        "CausalLanguageModel",
                        "ALiBi, learned positions, normed and scaled embeddings, parallel layers")
                .setBlock(
                        () ->
                                CausalLanguageModel.builder()
                                        .setEmbedding(TokenEmbedding.of(V, E))
                                        .optEmbeddingScale(SCALE)
                                        .optPositions(LearnedPositions.of(8, E))
                                        .optEmbeddingNorm(norm())
                                        .optPositionBias(AlibiBias.causal(H))
                                        .setLayers(List.of(parallelLayer(), parallelLayer()))
                                        .optNorm(norm())
                                        .setContextLength(8)
                                        .build())
                .addIntegers("ids", IDS, 2, S)
                .setFormula((arrays, parameters) -> parallel(Scope.of(parameters)))
                .setTolerance(
                        2 * LAYER + 4 * E,
                        6,
                        "the terms of the layers, of the norms and of the head one after the other;"
                                + " layer norms sum twice (6)")
                .build();
    }

    private static Var parallel(Scope p) {
        Var table = p.required("embedding.weight");
        Var x = OracleMath.scale(embedding(table), SCALE);
        int[] counted = new int[2 * S];
        Arrays.setAll(counted, i -> i % S);
        x =
                OracleMath.add(
                        x,
                        OracleLinear.embedding(
                                counted, new int[] {2, S}, p.required("positions.weight")));
        x = p.child("embeddingNorm").layerNorm(x, EPSILON);
        for (int i = 0; i < 2; i++) {
            Scope layer = p.child("layers." + i);
            Scope first = layer.child("attention");
            Scope second = layer.child("feedForward");
            Var attended =
                    attention(
                            first.child("sublayer"),
                            first.child("norm").layerNorm(x, EPSILON),
                            alibi());
            Var hidden =
                    OracleActivation.GELU_TANH.apply(
                            second.child("sublayer")
                                    .linear("up", second.child("norm").layerNorm(x, EPSILON)));
            Var fed = second.child("sublayer").linear("down", hidden);
            x = OracleMath.add(OracleMath.add(x, attended), fed);
        }
        return OracleLinear.linear(p.child("norm").layerNorm(x, EPSILON), table, null);
    }

    /** Slopes of four heads are 1/4, 1/16, 1/64 and 1/256 (arXiv 2108.12409). */
    private static OracleAttentionOptions alibi() {
        double[] bias = new double[H * S * S];
        for (int i = 0; i < bias.length; i++) {
            int distance = i % S - i / S % S;
            bias[i] = distance * Math.pow(0.25, 1 + i / (S * S));
        }
        return OracleAttentionOptions.DEFAULT.withCausal().withBias(Var.of(bias, 1, H, S, S));
    }

    private static Var attention(Scope p, Var x, OracleAttentionOptions options) {
        return p.linear(
                "output",
                OracleHeads.mergeHeads(
                        OracleAttention.attention(
                                OracleHeads.splitHeads(p.linear("query", x), H),
                                OracleHeads.splitHeads(p.linear("key", x), H),
                                OracleHeads.splitHeads(p.linear("value", x), H),
                                options)));
    }

    private static Var embedding(Var table) {
        int[] rows = Arrays.stream(IDS).mapToInt(id -> (int) id).toArray();
        return OracleLinear.embedding(rows, new int[] {2, S}, table);
    }

    private static ParallelResidual parallelLayer() {
        return ParallelResidual.of(
                Residual.pre(norm(), attention(H, D).build()),
                Residual.pre(
                        norm(),
                        FeedForward.of(
                                Linear.withBias(E, F),
                                Linear.withBias(F, E),
                                ActivationFunction.GELU_TANH)));
    }

    private static MultiHeadAttentionBuilder attention(int heads, int headDim) {
        int wide = heads * headDim;
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(E, wide),
                        Linear.withoutBias(E, wide),
                        Linear.withoutBias(E, wide),
                        Linear.withBias(wide, E))
                .setQueryHeads(heads)
                .optCausal(true);
    }

    private static LayerNorm norm() {
        return LayerNorm.builder().setChannels(E).optEpsilon(EPSILON).build();
    }

    /** A local layer and a global one, each with its own base, as in Gemma 3. */
    private static ParityCase twoBases() {
        int d = 4;
        RotaryEmbedding local = RotaryEmbedding.builder().setHeadDim(d).optTheta(100).build();
        RotaryEmbedding global = RotaryEmbedding.builder().setHeadDim(d).optTheta(1e6).build();
        AttentionShape shape = AttentionShape.of(E, 3, 3, d);
        return ParityCase.builder("CausalLanguageModel", "a local and a global layer, two bases")
                .setBlock(
                        () ->
                                CausalLanguageModel.builder()
                                        .setEmbedding(TokenEmbedding.of(V, E))
                                        .setLayers(
                                                List.of(
                                                        Residual.pre(
                                                                norm(),
                                                                attention(3, d)
                                                                        .optRotary(local)
                                                                        .optWindow(1, -1)
                                                                        .build()),
                                                        Residual.pre(
                                                                norm(),
                                                                attention(3, d)
                                                                        .optRotary(global)
                                                                        .build())))
                                        .optRotary(local, global)
                                        .setContextLength(8)
                                        .build())
                .addIntegers("ids", IDS, 2, S)
                .setFormula(
                        (arrays, parameters) -> {
                            Scope p = Scope.of(parameters);
                            Var x = embedding(p.required("embedding.weight"));
                            x = rotated(p.child("layers.0"), x, 100, 2, d);
                            x = rotated(p.child("layers.1"), x, 1e6, S, d);
                            return OracleLinear.linear(x, p.required("embedding.weight"), null);
                        })
                .setTolerance(
                        2 * (shape.terms(S) + E) + E,
                        6,
                        "two layers of norm and attention, and the head; layer norms sum twice (6)")
                .build();
    }

    private static Var rotated(Scope p, Var x, double theta, int window, int headDim) {
        Scope sublayer = p.child("sublayer");
        Var normed = p.child("norm").layerNorm(x, EPSILON);
        Var q = rotate(sublayer, "query", normed, theta, headDim);
        Var k = rotate(sublayer, "key", normed, theta, headDim);
        Var v = OracleHeads.splitHeads(sublayer.linear("value", normed), 3);
        Var y =
                OracleAttention.attention(
                        q,
                        k,
                        v,
                        OracleAttentionOptions.DEFAULT.withRule(
                                (row, query, key) -> key <= query && query - key < window));
        return OracleMath.add(x, sublayer.linear("output", OracleHeads.mergeHeads(y)));
    }

    private static Var rotate(Scope p, String name, Var x, double theta, int headDim) {
        return OracleRotary.rotary(
                OracleHeads.splitHeads(p.linear(name, x), 3),
                RotaryCases.positions(null, S),
                OracleRotaryFrequencies.standard(theta, headDim),
                OracleRotary.Layout.HALF_SPLIT,
                1);
    }
}

package io.github.djlblocks.parity.cases;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.head.PredictionTransform;
import io.github.djlblocks.head.PretrainingHead;
import io.github.djlblocks.head.QuestionAnsweringHead;
import io.github.djlblocks.head.SequenceClassificationHead;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.head.TokenClassificationHead;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.model.HeadedEncoder;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.OracleSequences;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.LearnedPositions;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.RotaryScaling;
import java.util.List;
import java.util.Map;

/** Cases of what RoBERTa, ALBERT and ModernBERT have that BERT has not. */
final class EncoderOptionCases {

    private static final int B = 2;
    private static final int S = 6;
    private static final int V = 11;
    private static final int C = 8;
    private static final int E = 12;
    private static final int F = 10;
    private static final int HEADS = 3;
    private static final int LABELS = 4;
    private static final double EPSILON = 1e-5;

    /** Token 1 is padding. */
    private static final double[] IDS = {0, 5, 1, 3, 1, 1, 1, 10, 1, 4, 5, 2};

    private static final double[] COUNTED = {2, 3, 1, 4, 1, 1, 1, 2, 1, 3, 4, 5};

    private static final double[] IN_ORDER = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};

    private static final String REASON =
            "the terms of norms and sublayers one after the other; their constant, 4, holds for"
                    + " each";

    private EncoderOptionCases() {}

    static List<ParityCase> all() {
        return List.of(
                ids("Encoder", "positions over tokens that are no padding")
                        .setBlock(
                                () ->
                                        Encoder.builder()
                                                .setEmbeddings(embeddings(E, false))
                                                .setLayers(List.of(layer(attention().build())))
                                                .optPaddingId(1)
                                                .build())
                        .setFormula(
                                (arrays, p) -> layer(Scope.of(p), 0, sum(arrays, p, E, COUNTED)))
                        .build(),
                ids("Encoder", "projected embeddings, one layer run twice")
                        .setBlock(EncoderOptionCases::shared)
                        .setFormula(
                                (arrays, p) -> {
                                    Scope scope = Scope.of(p);
                                    Var x =
                                            scope.child("embeddings")
                                                    .linear(
                                                            "projection",
                                                            sum(arrays, p, C, IN_ORDER));
                                    return layer(scope, 0, layer(scope, 0, x));
                                })
                        .build(),
                ids("Encoder", "two rotary embeddings, a window, no first norm")
                        .setBlock(EncoderOptionCases::turning)
                        .setFormula((arrays, p) -> turning(arrays, Scope.of(p)))
                        .build(),
                withPooler("hidden state", 0),
                withPooler("pooler output", 1),
                transform("PredictionTransform", "alone")
                        .setBlock(EncoderOptionCases::transform)
                        .setFormula((arrays, p) -> transformed(arrays, Scope.of(p)))
                        .build(),
                transform("TokenClassificationHead", "with a transform")
                        .setBlock(
                                () ->
                                        TokenClassificationHead.withTransform(
                                                transform(), Linear.withBias(E, LABELS)))
                        .setFormula(
                                (arrays, p) -> {
                                    Scope scope = Scope.of(p);
                                    Var y = transformed(arrays, scope.child("transform"));
                                    return scope.linear("classifier", y);
                                })
                        .build(),
                transform("QuestionAnsweringHead", "with a transform, end")
                        .setBlock(
                                () ->
                                        OneOutput.of(
                                                QuestionAnsweringHead.withTransform(
                                                        transform(), Linear.withBias(E, 2)),
                                                1))
                        .setFormula(
                                (arrays, p) -> {
                                    Scope scope = Scope.of(p).child("block");
                                    Var y = transformed(arrays, scope.child("transform"));
                                    return OracleSequences.channel(scope.linear("outputs", y), 1);
                                })
                        .build(),
                transform("Pooler", "first token, SiLU, a norm")
                        .setBlock(
                                () ->
                                        Pooler.withNorm(
                                                SequencePooling.of(Pooling.FIRST),
                                                Linear.withBias(E, E),
                                                ActivationFunction.SILU,
                                                norm(E)))
                        .setFormula(
                                (arrays, p) -> {
                                    Scope scope = Scope.of(p);
                                    Var y = scope.linear("dense", first(Scope.get(arrays, "x")));
                                    return scope.child("norm")
                                            .layerNorm(OracleActivation.SILU.apply(y), EPSILON);
                                })
                        .build(),
                transform("LanguageModelHead", "own output, a bias of the head")
                        .setBlock(EncoderOptionCases::scores)
                        .setFormula((arrays, p) -> scores(Scope.get(arrays, "x"), Scope.of(p)))
                        .build(),
                pretraining("tokens", 0),
                pretraining("sequences", 1));
    }

    private static ParityCaseBuilder ids(String block, String variant) {
        long layer = 2L * (2 * E + E / HEADS + 2 * S) + E + F + 6 * E;
        return ParityCase.builder(block, variant)
                .addIntegers("ids", IDS, B, S)
                .setTolerance(2 * layer + 4 * E, 4, REASON);
    }

    private static ParityCaseBuilder transform(String block, String variant) {
        return ParityCase.builder(block, variant)
                .addInput("x", RandomTensors.normal(variant.hashCode(), B, S, E), B, S, E)
                .setTolerance(5 * E, 4, REASON);
    }

    private static ParityCase withPooler(String variant, int output) {
        return ids("HeadedEncoder", "with pooler, " + variant)
                .setBlock(
                        () ->
                                OneOutput.of(
                                        HeadedEncoder.withPooler(
                                                shared(),
                                                Pooler.of(
                                                        SequencePooling.of(Pooling.FIRST),
                                                        Linear.withBias(E, E),
                                                        ActivationFunction.TANH)),
                                        output))
                .setFormula(
                        (arrays, p) -> {
                            Scope model = Scope.of(p).child("block");
                            Scope encoder = model.child("encoder");
                            Var x =
                                    encoder.child("embeddings")
                                            .linear(
                                                    "projection",
                                                    sum(arrays, encoder, C, IN_ORDER));
                            Var y = layer(encoder, 0, layer(encoder, 0, x));
                            return output == 0
                                    ? y
                                    : OracleActivation.TANH.apply(
                                            model.child("head").linear("dense", first(y)));
                        })
                .build();
    }

    private static ParityCase pretraining(String variant, int output) {
        return transform("PretrainingHead", variant)
                .setBlock(
                        () ->
                                OneOutput.of(
                                        PretrainingHead.of(
                                                scores(),
                                                SequenceClassificationHead.of(
                                                        SequencePooling.of(Pooling.FIRST),
                                                        Linear.withBias(E, LABELS))),
                                        output))
                .setFormula(
                        (arrays, p) -> {
                            Scope head = Scope.of(p).child("block");
                            Var x = Scope.get(arrays, "x");
                            return output == 0
                                    ? scores(x, head.child("tokens"))
                                    : head.child("sequences").linear("classifier", first(x));
                        })
                .build();
    }

    private static LanguageModelHead scores() {
        return LanguageModelHead.builder()
                .setOutput(Linear.withoutBias(E, V))
                .optBias(true)
                .build();
    }

    private static Var scores(Var x, Scope p) {
        return OracleLinear.linear(x, p.required("output.weight"), p.required("bias"));
    }

    private static PredictionTransform transform() {
        return PredictionTransform.of(Linear.withBias(E, E), ActivationFunction.SILU, norm(E));
    }

    private static Var transformed(Map<String, Var> arrays, Scope p) {
        Var y = OracleActivation.SILU.apply(p.linear("dense", Scope.get(arrays, "x")));
        return p.child("norm").layerNorm(y, EPSILON);
    }

    private static Var first(Var x) {
        return OracleSequences.pool(x, new boolean[B * S], OracleSequences.Pooling.FIRST);
    }

    private static EncoderEmbeddings embeddings(int channels, boolean projected) {
        EncoderEmbeddings.Builder builder =
                EncoderEmbeddings.builder()
                        .setTokens(TokenEmbedding.of(V, channels))
                        .optPositions(LearnedPositions.of(9, channels));
        return projected
                ? builder.optProjection(Linear.withBias(channels, E)).build()
                : builder.build();
    }

    private static Var sum(Map<String, Var> arrays, Map<String, Var> p, int c, double[] positions) {
        return sum(arrays, Scope.of(p), c, positions);
    }

    /** Tokens and positions. */
    private static Var sum(Map<String, Var> arrays, Scope p, int c, double[] positions) {
        Scope embeddings = p.child("embeddings");
        Var rows =
                HeadCases.embedding(
                        Var.of(positions, B, S), embeddings.required("positions.weight"));
        Var tokens =
                HeadCases.embedding(Scope.get(arrays, "ids"), embeddings.required("tokens.weight"));
        return OracleMath.add(tokens, OracleMath.reshape(rows, B, S, c));
    }

    private static MultiHeadAttentionBuilder attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(E, E),
                        Linear.withoutBias(E, E),
                        Linear.withoutBias(E, E),
                        Linear.withoutBias(E, E))
                .setQueryHeads(HEADS);
    }

    private static Block feedForward() {
        return FeedForward.of(
                Linear.withoutBias(E, F), Linear.withoutBias(F, E), ActivationFunction.RELU);
    }

    private static EncoderLayer layer(MultiHeadAttention attention) {
        return EncoderLayer.of(
                Residual.post(norm(E), attention), Residual.post(norm(E), feedForward()));
    }

    private static LayerNorm norm(int channels) {
        return LayerNorm.builder().setChannels(channels).optEpsilon(EPSILON).build();
    }

    private static Encoder shared() {
        EncoderLayer layer = layer(attention().build());
        return Encoder.builder()
                .setEmbeddings(embeddings(C, true))
                .setLayers(List.of(layer, layer))
                .optLayersPerState(2)
                .build();
    }

    private static Encoder turning() {
        RotaryEmbedding fast = rotary(20);
        RotaryEmbedding slow = rotary(300);
        EncoderLayer all =
                EncoderLayer.of(
                        Residual.builder().setSublayer(attention().optRotary(slow).build()).build(),
                        Residual.pre(norm(E), feedForward()));
        EncoderLayer near =
                EncoderLayer.of(
                        Residual.pre(norm(E), attention().optRotary(fast).optWindow(1, 1).build()),
                        Residual.pre(norm(E), feedForward()));
        return Encoder.builder()
                .setEmbeddings(
                        EncoderEmbeddings.builder().setTokens(TokenEmbedding.of(V, E)).build())
                .setLayers(List.of(all, near))
                .optNorm(norm(E))
                .optNormedState(false)
                .optRotary(slow, fast)
                .build();
    }

    private static RotaryEmbedding rotary(double theta) {
        return RotaryEmbedding.of(
                E / HEADS, RotaryScaling.none().spec(theta, E / HEADS, RotaryLayout.HALF_SPLIT));
    }

    private static Var turning(Map<String, Var> arrays, Scope p) {
        Var x =
                HeadCases.embedding(
                        Scope.get(arrays, "ids"), p.required("embeddings.tokens.weight"));
        Scope first = p.child("layers.0");
        Scope second = p.child("layers.1");
        OracleAttentionOptions near =
                OracleAttentionOptions.DEFAULT.withRule(
                        (row, query, key) -> Math.abs(query - key) <= 1);
        x =
                OracleMath.add(
                        x,
                        attend(
                                first.child("attention.sublayer"),
                                x,
                                300,
                                OracleAttentionOptions.DEFAULT));
        x = fed(first, x);
        Var normed = second.child("attention.norm").layerNorm(x, EPSILON);
        x = OracleMath.add(x, attend(second.child("attention.sublayer"), normed, 20, near));
        return p.child("norm").layerNorm(fed(second, x), EPSILON);
    }

    private static Var fed(Scope layer, Var x) {
        Var normed = layer.child("feedForward.norm").layerNorm(x, EPSILON);
        return OracleMath.add(x, feedForward(layer.child("feedForward.sublayer"), normed));
    }

    /** Positions turn queries and keys unless theta is 0. */
    private static Var attend(Scope p, Var x, double theta, OracleAttentionOptions options) {
        Var y =
                OracleAttention.attention(
                        turned(p.linear("query", x), theta),
                        turned(p.linear("key", x), theta),
                        OracleHeads.splitHeads(p.linear("value", x), HEADS),
                        options);
        return p.linear("output", OracleHeads.mergeHeads(y));
    }

    private static Var turned(Var x, double theta) {
        Var heads = OracleHeads.splitHeads(x, HEADS);
        return theta == 0
                ? heads
                : OracleRotary.rotary(
                        heads,
                        RotaryCases.positions(null, S),
                        OracleRotaryFrequencies.standard(theta, E / HEADS),
                        OracleRotary.Layout.HALF_SPLIT,
                        1);
    }

    private static Var feedForward(Scope p, Var x) {
        return p.linear("down", OracleActivation.RELU.apply(p.linear("up", x)));
    }

    private static Var layer(Scope p, int index, Var x) {
        Scope first = p.child("layers." + index + ".attention");
        Scope second = p.child("layers." + index + ".feedForward");
        Var attended = attend(first.child("sublayer"), x, 0, OracleAttentionOptions.DEFAULT);
        Var y = first.child("norm").layerNorm(OracleMath.add(x, attended), EPSILON);
        Var fed = feedForward(second.child("sublayer"), y);
        return second.child("norm").layerNorm(OracleMath.add(y, fed), EPSILON);
    }
}

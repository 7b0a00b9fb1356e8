package io.github.djlblocks.parity.cases;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.layer.CrossDecoderLayer;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.EncoderDecoders;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.HeadedEncoder;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.Seq2SeqDecoder;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleResiduals;
import io.github.djlblocks.parity.oracle.OracleSequences;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.LearnedPositions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Cases of encoders, and of decoders on top of them. */
final class EncoderCases {

    private static final int V = 13;
    private static final int E = 12;
    private static final int M = 8;
    private static final int F = 20;
    private static final int S = 5;
    private static final int T = 6;
    private static final int HEADS = 3;
    private static final int LAYERS = 2;
    private static final double EPSILON = 1e-5;

    private static final double[] SOURCE = {0, 12, 3, 3, 7, 1, 1, 0, 9, 5, 3, 2};
    private static final double[] TARGET = {4, 1, 1, 0, 12, 7, 3, 6, 6, 2};
    private static final double[] TYPES = {0, 0, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0};
    private static final double[] KEEP = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0};

    /** In place of a weight of the residual branch: the norm is before the sublayer. */
    private static final double PRE = 0;

    /** The norm is after the sum, in which the residual branch has this weight. */
    private static final double POST = 1;

    private static final String REASON =
            "the terms of norms and sublayers one after the other; their constant, 4, holds for"
                    + " each";

    private EncoderCases() {}

    static List<ParityCase> all() {
        return List.of(
                layers("EncoderLayer", "post-norm, LayerNorm", 1)
                        .setBlock(() -> EncoderLayer.of(post(self()), post(feedForward())))
                        .setFormula(
                                (arrays, p) ->
                                        encoderLayer(Scope.of(p), x(arrays), POST, options()))
                        .build(),
                layers("CrossDecoderLayer", "pre-norm, RMSNorm, memory of other channels", 1)
                        .addInput("memory", RandomTensors.normal(7, 2, T, M), 2, T, M)
                        .setBlock(
                                () ->
                                        CrossDecoderLayer.of(
                                                pre(self()), pre(cross()), pre(feedForward())))
                        .setFormula(
                                (arrays, p) ->
                                        decoderLayer(
                                                Scope.of(p),
                                                x(arrays),
                                                Scope.get(arrays, "memory"),
                                                PRE,
                                                options(),
                                                options()))
                        .build(),
                ids("Encoder", "post-norm, positions, types, mask")
                        .setBlock(() -> Encoders.encoder(bert()))
                        .setFormula((arrays, p) -> encoder(arrays, Scope.of(p), POST))
                        .build(),
                ids("HeadedEncoder", "pooler of a masked mean")
                        .setBlock(
                                () ->
                                        HeadedEncoder.ofSequences(
                                                Encoders.encoder(bert()),
                                                Pooler.of(
                                                        SequencePooling.of(Pooling.MEAN),
                                                        Linear.withBias(E, 4),
                                                        ActivationFunction.TANH)))
                        .setFormula((arrays, p) -> pooled(arrays, Scope.of(p)))
                        .build(),
                start("Seq2SeqDecoder", "pre-norm, learned positions, own head", LAYERS)
                        .addIntegers("target", TARGET, 2, S)
                        .addInput("memory", RandomTensors.normal(9, 2, T, M), 2, T, M)
                        .setBlock(EncoderCases::decoder)
                        .setFormula((arrays, p) -> decoder(arrays, Scope.of(p)))
                        .build(),
                sequences("shared embedding, tied head")
                        .setBlock(() -> EncoderDecoders.model(bart(StackConfig.Scheme.POST)))
                        .setFormula((arrays, p) -> encoderDecoder(arrays, Scope.of(p), POST, POST))
                        .build(),
                sequences("DeepNorm")
                        .setBlock(() -> EncoderDecoders.model(bart(StackConfig.Scheme.DEEP_NORM)))
                        .setFormula(
                                (arrays, p) ->
                                        encoderDecoder(
                                                arrays,
                                                Scope.of(p),
                                                // 0.81 (N^4 M)^(1/16) and (3 M)^(1/4)
                                                0.81 * Math.pow(32, 1.0 / 16),
                                                Math.pow(6, 0.25)))
                        .build());
    }

    private static ParityCaseBuilder layers(String block, String variant, int layers) {
        return start(block, variant, layers)
                .addInput("x", RandomTensors.normal(variant.hashCode(), 2, S, E), 2, S, E);
    }

    private static ParityCaseBuilder ids(String block, String variant) {
        return start(block, variant, LAYERS)
                .addIntegers("source", SOURCE, 2, T)
                .addIntegers("keep", KEEP, 2, T)
                .addIntegers("types", TYPES, 2, T);
    }

    private static ParityCaseBuilder sequences(String variant) {
        return start("EncoderDecoder", variant, 2 * LAYERS + LAYERS)
                .addIntegers("source", SOURCE, 2, T)
                .addIntegers("target", TARGET, 2, S)
                .addIntegers("keep", KEEP, 2, T);
    }

    private static ParityCaseBuilder start(String block, String variant, int layers) {
        long layer = 2L * (2 * E + E / HEADS + 2 * T) + E + F + 6 * E;
        return ParityCase.builder(block, variant).setTolerance(layers * layer + 4 * E, 4, REASON);
    }

    private static EncoderConfig bert() {
        return new EncoderConfig(embedding().optTypes(2).build(), stack(StackConfig.Scheme.POST));
    }

    private static Seq2SeqConfig bart(StackConfig.Scheme scheme) {
        EncoderConfig half = new EncoderConfig(embedding().build(), stack(scheme));
        return new Seq2SeqConfig(half, half, true, true, 0.7, true);
    }

    private static EmbeddingConfig.Builder embedding() {
        return EmbeddingConfig.builder()
                .setVocabularySize(V)
                .setContextLength(9)
                .optPositionOffset(1)
                .optScale(1.5);
    }

    private static StackConfig stack(StackConfig.Scheme scheme) {
        return StackConfig.builder()
                .setHiddenSize(E)
                .setFeedForwardSize(F)
                .setLayers(LAYERS)
                .setHeads(HEADS)
                .optNormEpsilon(EPSILON)
                .optScheme(scheme)
                .optActivation(ActivationFunction.RELU)
                // A key bias has a gradient of nothing but rounding.
                .optBias(false)
                .build();
    }

    private static Seq2SeqDecoder decoder() {
        return Seq2SeqDecoder.builder()
                .setEmbeddings(
                        EncoderEmbeddings.builder()
                                .setTokens(TokenEmbedding.of(V, E))
                                .optPositions(LearnedPositions.of(S, E))
                                .build())
                .setLayers(
                        List.of(
                                CrossDecoderLayer.of(
                                        pre(attention(E, false, true)),
                                        pre(cross()),
                                        pre(feedForward()))))
                .setHead(LanguageModelHead.builder().setOutput(Linear.withBias(E, V)).build())
                .setContextLength(S)
                .optNorm(RmsNorm.builder().setChannels(E).optEpsilon(EPSILON).build())
                .build();
    }

    private static Var decoder(Map<String, Var> arrays, Scope p) {
        Scope embeddings = p.child("embeddings");
        Var x =
                OracleMath.add(
                        HeadCases.embedding(
                                Scope.get(arrays, "target"), embeddings.required("tokens.weight")),
                        embeddings.required("positions.weight"));
        Var y =
                decoderLayer(
                        p.child("layers.0"),
                        x,
                        Scope.get(arrays, "memory"),
                        PRE,
                        options().withCausal(),
                        options());
        return p.child("head").linear("output", p.child("norm").rmsNorm(y, EPSILON));
    }

    private static MultiHeadAttention self() {
        return attention(E, false, false);
    }

    private static MultiHeadAttention cross() {
        return attention(M, true, false);
    }

    private static MultiHeadAttention attention(int memory, boolean cross, boolean causal) {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(E, E),
                        Linear.withoutBias(memory, E),
                        Linear.withoutBias(memory, E),
                        Linear.withoutBias(E, E))
                .setQueryHeads(HEADS)
                .optCross(cross)
                .optCausal(causal)
                .build();
    }

    private static FeedForward feedForward() {
        return FeedForward.of(
                Linear.withoutBias(E, F), Linear.withoutBias(F, E), ActivationFunction.RELU);
    }

    private static Residual post(Block sublayer) {
        return Residual.post(
                LayerNorm.builder().setChannels(E).optEpsilon(EPSILON).build(), sublayer);
    }

    private static Residual pre(Block sublayer) {
        return Residual.pre(RmsNorm.builder().setChannels(E).optEpsilon(EPSILON).build(), sublayer);
    }

    private static OracleAttentionOptions options() {
        return OracleAttentionOptions.DEFAULT;
    }

    private static OracleAttentionOptions keep() {
        boolean[] keep = new boolean[KEEP.length];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = KEEP[i] != 0;
        }
        return options().withKeep(keep, 2, 1, 1, T);
    }

    private static Var x(Map<String, Var> arrays) {
        return Scope.get(arrays, "x");
    }

    private static Var attend(Scope p, Var x, Var memory, OracleAttentionOptions options) {
        Var q = OracleHeads.splitHeads(p.linear("query", x), HEADS);
        Var k = OracleHeads.splitHeads(p.linear("key", memory), HEADS);
        Var v = OracleHeads.splitHeads(p.linear("value", memory), HEADS);
        Var y = OracleAttention.attention(q, k, v, options);
        return p.linear("output", OracleHeads.mergeHeads(y));
    }

    private static Var feedForward(Scope p, Var x) {
        return p.linear("down", OracleActivation.RELU.apply(p.linear("up", x)));
    }

    private static Var residual(Scope p, Var x, double alpha, UnaryOperator<Var> sublayer) {
        return alpha == PRE
                ? OracleResiduals.preNorm(x, y -> p.child("norm").rmsNorm(y, EPSILON), sublayer)
                : OracleResiduals.deepNorm(
                        x,
                        sublayer,
                        alpha,
                        p.required("norm.weight"),
                        p.required("norm.bias"),
                        EPSILON);
    }

    private static Var encoderLayer(Scope p, Var x, double alpha, OracleAttentionOptions options) {
        Scope first = p.child("attention");
        Scope second = p.child("feedForward");
        Var y = residual(first, x, alpha, z -> attend(first.child("sublayer"), z, z, options));
        return residual(second, y, alpha, z -> feedForward(second.child("sublayer"), z));
    }

    private static Var decoderLayer(
            Scope p,
            Var x,
            Var memory,
            double alpha,
            OracleAttentionOptions own,
            OracleAttentionOptions crossed) {
        Scope first = p.child("attention");
        Scope second = p.child("crossAttention");
        Scope third = p.child("feedForward");
        Var y = residual(first, x, alpha, z -> attend(first.child("sublayer"), z, z, own));
        y = residual(second, y, alpha, z -> attend(second.child("sublayer"), z, memory, crossed));
        return residual(third, y, alpha, z -> feedForward(third.child("sublayer"), z));
    }

    /** Tokens times 1.5, positions from row 1 on, types if there are some, a norm. */
    private static Var embedded(Scope p, Var ids, Var table, @Nullable Var types) {
        int length = ids.shape()[1];
        double[] rows = new double[length];
        Arrays.setAll(rows, i -> i + 1);
        Var positions = HeadCases.embedding(Var.of(rows, length), p.required("positions.weight"));
        Var sum = OracleMath.add(OracleMath.scale(HeadCases.embedding(ids, table), 1.5), positions);
        if (types != null) {
            sum = OracleMath.add(sum, HeadCases.embedding(types, p.required("types.weight")));
        }
        return p.child("norm").layerNorm(sum, EPSILON);
    }

    private static Var encoder(Map<String, Var> arrays, Scope p, double alpha) {
        Scope embeddings = p.child("embeddings");
        Var table = embeddings.required("tokens.weight");
        Var x = embedded(embeddings, Scope.get(arrays, "source"), table, arrays.get("types"));
        for (int i = 0; i < LAYERS; i++) {
            x = encoderLayer(p.child("layers." + i), x, alpha, keep());
        }
        return x;
    }

    private static Var pooled(Map<String, Var> arrays, Scope p) {
        boolean[] keep = new boolean[KEEP.length];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = KEEP[i] != 0;
        }
        Var mean =
                OracleSequences.pool(
                        encoder(arrays, p.child("encoder"), POST),
                        keep,
                        OracleSequences.Pooling.MEAN);
        return OracleActivation.TANH.apply(p.child("head").linear("dense", mean));
    }

    private static Var encoderDecoder(Map<String, Var> arrays, Scope p, double... alphas) {
        Var memory = encoder(arrays, p.child("encoder"), alphas[0]);
        Var table = p.required("encoder.embeddings.tokens.weight");
        Scope decoder = p.child("decoder");
        Var x = embedded(decoder.child("embeddings"), Scope.get(arrays, "target"), table, null);
        for (int i = 0; i < LAYERS; i++) {
            Scope layer = decoder.child("layers." + i);
            x = decoderLayer(layer, x, memory, alphas[1], options().withCausal(), keep());
        }
        Var scaled = OracleMath.scale(x, 0.7);
        return OracleLinear.linear(scaled, table, decoder.required("head.bias"));
    }
}

package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleDynamicTanh;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleResiduals;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Cases of whole causal language models. */
final class ModelCases {

    private static final int V = 13;
    private static final int E = 12;
    private static final int F = 20;
    private static final int S = 5;
    private static final int LAYERS = 2;
    private static final double EPSILON = 1e-5;

    private static final double[] IDS = {0, 12, 3, 3, 7, 1, 0, 9, 5, 3};
    private static final double[] LEFT_PADDING = {1, 1, 1, 1, 1, 0, 0, 1, 1, 1};
    private static final double[] POSITIONS = {0, 1, 2, 3, 4, 0, 0, 0, 1, 2};

    private static final AttentionShape ATTENTION =
            AttentionShape.of(E, 4, 2, 4).withCausal().withRotary(RotaryLayout.HALF_SPLIT);

    private ModelCases() {}

    static List<ParityCase> all() {
        DecoderConfig.Builder llama = config();
        return List.of(
                tokens("own head", llama.build()).build(),
                tokens("tied head", config().optTiedHead(true).build()).build(),
                tokens("biases", config().optAttentionBias(true).optFeedForwardBias(true).build())
                        .build(),
                tokens("padding mask", llama.build())
                        .addIntegers("keep", LEFT_PADDING, 2, S)
                        .build(),
                tokens("padding mask and positions, tied head", config().optTiedHead(true).build())
                        .addIntegers("keep", LEFT_PADDING, 2, S)
                        .addIntegers("positions", POSITIONS, 2, S)
                        .build(),
                embeddings("embeddings as input", llama.build()).build(),
                tokens("dynamic tanh", scheme(DecoderConfig.ResidualScheme.PRE_DYNAMIC_TANH))
                        .build(),
                tokens(
                                "dynamic tanh, recipe of language models",
                                config().optDynamicTanh(new DynamicTanh.LlmAlphas(0.8, 0.2))
                                        .build())
                        .optParameter("embeddingNorm.weight", new double[] {Math.sqrt(E)})
                        .build(),
                tokens("DeepNorm", scheme(DecoderConfig.ResidualScheme.DEEP_NORM)).build());
    }

    private static DecoderConfig scheme(DecoderConfig.ResidualScheme residual) {
        return config().optResidual(residual).build();
    }

    private static DecoderConfig.Builder config() {
        return DecoderConfig.builder()
                .setVocabularySize(V)
                .setHiddenSize(E)
                .setFeedForwardSize(F)
                .setLayers(LAYERS)
                .setQueryHeads(4)
                .setContextLength(64)
                .optKeyValueHeads(2)
                .optHeadDim(4)
                .optNormEpsilon(EPSILON);
    }

    private static ParityCaseBuilder tokens(String variant, DecoderConfig config) {
        return start(variant, config).addIntegers("ids", IDS, 2, S);
    }

    private static ParityCaseBuilder embeddings(String variant, DecoderConfig config) {
        double[] x = RandomTensors.normal(variant.hashCode(), 2, S, E);
        return start(variant, config).addInput("x", x, 2, S, E);
    }

    private static ParityCaseBuilder start(String variant, DecoderConfig config) {
        boolean bias = config.attentionBias();
        AttentionShape attention = bias ? ATTENTION.withBias() : ATTENTION;
        // DeepNorm's layer norms sum twice
        long layer = attention.terms(S) + E + F + 2 + 4 * E;
        return ParityCase.builder("CausalLanguageModel", variant)
                .setBlock(() -> Decoders.languageModel(config))
                .setFormula(
                        (arrays, parameters) ->
                                model(config, attention, arrays, Scope.of(parameters)))
                .setTolerance(
                        LAYERS * layer + 2 * E,
                        4,
                        "the terms of the layers, of the last norm and of the head one after the"
                                + " other; their constant, 4, holds for each");
    }

    private static Var model(
            DecoderConfig config, AttentionShape attention, Map<String, Var> arrays, Scope p) {
        Var table = p.required("embedding.weight");
        Var given = arrays.get("x");
        Var x = given == null ? embedding(Scope.get(arrays, "ids"), table) : given;
        if (config.alphas() != null) {
            // one factor for all: the map of one channel to one, of each number on its own
            int size = x.values().length;
            Var factor = OracleMath.reshape(p.required("embeddingNorm.weight"), 1, 1);
            Var scaled = OracleLinear.linear(OracleMath.reshape(x, size, 1), factor, null);
            x = OracleMath.reshape(scaled, x.shape());
        }
        for (int i = 0; i < LAYERS; i++) {
            Scope layer = p.child("layers." + i);
            Scope first = layer.child("attention");
            Scope second = layer.child("feedForward");
            x =
                    residual(
                            config,
                            first,
                            x,
                            y -> attention.formula(arrays, first.child("sublayer"), y));
            x =
                    residual(
                            config,
                            second,
                            x,
                            y ->
                                    second.child("sublayer")
                                            .gatedFeedForward(y, OracleActivation.SILU));
        }
        if (config.residual() != DecoderConfig.ResidualScheme.DEEP_NORM) {
            x = norm(config, p.child("norm"), x);
        }
        Var head = p.optional("head.weight");
        return OracleLinear.linear(x, head == null ? table : head, null);
    }

    private static Var residual(DecoderConfig config, Scope p, Var x, UnaryOperator<Var> sublayer) {
        if (config.residual() == DecoderConfig.ResidualScheme.DEEP_NORM) {
            return OracleResiduals.deepNorm(
                    x,
                    sublayer,
                    OracleResiduals.deepNormAlpha(LAYERS),
                    p.required("norm.weight"),
                    p.required("norm.bias"),
                    EPSILON);
        }
        return OracleResiduals.preNorm(x, y -> norm(config, p.child("norm"), y), sublayer);
    }

    private static Var norm(DecoderConfig config, Scope p, Var x) {
        return config.residual() == DecoderConfig.ResidualScheme.PRE_DYNAMIC_TANH
                ? OracleDynamicTanh.dynamicTanh(
                        x, p.required("alpha"), p.required("weight"), p.required("bias"))
                : p.rmsNorm(x, EPSILON);
    }

    private static Var embedding(Var ids, Var table) {
        int[] rows = Arrays.stream(ids.values()).mapToInt(v -> (int) v).toArray();
        return OracleLinear.embedding(rows, ids.shape(), table);
    }
}

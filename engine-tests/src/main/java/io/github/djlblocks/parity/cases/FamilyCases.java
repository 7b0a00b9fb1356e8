package io.github.djlblocks.parity.cases;

import io.github.djlblocks.family.Families;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions.EpsilonPlacement;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.OracleRouting;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Cases of whole models, built from a config.json, of families for which there are no numbers of a
 * reference: the formula is that of their modeling code in transformers 4.51.3.
 */
final class FamilyCases {

    private static final int E = 12;
    private static final int F = 20;
    private static final int S = 5;
    private static final int LAYERS = 4;
    private static final int H = 4;
    private static final int K = 2;
    private static final int D = 6;
    private static final int WINDOW = 2;
    private static final double THETA = 1e4;
    private static final double EPSILON = 1e-5;
    private static final double[] IDS = {3, 0, 12, 7, 7, 1, 2, 11, 5, 9};
    private static final OracleRmsNormOptions UNIT_OFFSET =
            new OracleRmsNormOptions(EpsilonPlacement.INSIDE_ROOT, true);

    private static final String SIZES =
            """
            {"vocab_size": 13, "hidden_size": 12, "intermediate_size": 20, "head_dim": 6,
             "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 16, "rms_norm_eps": 1e-5, "rope_theta": 1e4,
            """;

    private static final String GEMMA_3 =
            """
            "model_type": "gemma3_text", "query_pre_attn_scalar": 10, "sliding_window": 2,
            "sliding_window_pattern": 3, "rope_local_base_freq": 100,
            "rope_scaling": {"rope_type": "linear", "factor": 4}, "final_logit_softcapping": 1.5}
            """;

    private static final String GEMMA_3_OF_5 =
            """
            "model_type": "gemma3_text", "query_pre_attn_scalar": 10, "sliding_window": 2,
            "layer_types": ["sliding_attention", "sliding_attention", "full_attention",
                            "sliding_attention"], "final_logit_softcapping": 1.5,
            "rope_parameters": {
                "sliding_attention": {"rope_type": "default", "rope_theta": 100},
                "full_attention": {"rope_type": "linear", "factor": 4, "rope_theta": 1e4}}}
            """;

    /**
     * What tells the families from one another; norms within attention, biases, experts and a head
     * are there if their parameters are.
     */
    private record Model(
            OracleRmsNormOptions norms,
            OracleActivation activation,
            double attentionScale,
            IntPredicate local,
            double localTheta,
            double globalFactor,
            double softcap,
            OracleRouting routing,
            double branch,
            double logits) {

        Model withFactors(double scores, double newBranch, double newLogits) {
            return new Model(
                    norms,
                    activation,
                    scores,
                    local,
                    localTheta,
                    globalFactor,
                    softcap,
                    routing,
                    newBranch,
                    newLogits);
        }
    }

    private static final Model QWEN =
            new Model(
                    OracleRmsNormOptions.DEFAULT,
                    OracleActivation.SILU,
                    1 / Math.sqrt(D),
                    layer -> false,
                    THETA,
                    1,
                    0,
                    OracleRouting.softmax(2, true),
                    1,
                    1);

    private static final Model GEMMA =
            new Model(
                    UNIT_OFFSET,
                    OracleActivation.GELU_TANH,
                    1 / Math.sqrt(D),
                    layer -> false,
                    THETA,
                    1,
                    0,
                    OracleRouting.softmax(1, true),
                    1,
                    1);

    /** Layer norms, and no gate, are there if their parameters are, or are not. */
    private static final Model STARCODER =
            new Model(
                    OracleRmsNormOptions.DEFAULT,
                    OracleActivation.GELU_TANH,
                    1 / Math.sqrt(D),
                    layer -> true,
                    THETA,
                    1,
                    0,
                    OracleRouting.softmax(1, true),
                    1,
                    1);

    /** Every third layer sees all, at a quarter of the angles. */
    private static final Model GEMMA_3_TEXT =
            new Model(
                    UNIT_OFFSET,
                    OracleActivation.GELU_TANH,
                    1 / Math.sqrt(10),
                    layer -> layer != 2,
                    100,
                    4,
                    1.5,
                    OracleRouting.softmax(1, true),
                    1,
                    1);

    private FamilyCases() {}

    static List<ParityCase> all() {
        double root = Math.sqrt(E);
        return List.of(
                ids(
                        "Gemma",
                        SIZES + "\"model_type\": \"gemma\", \"attention_bias\": true}",
                        GEMMA,
                        root),
                given("Gemma, embeddings given", SIZES + "\"model_type\": \"gemma\"}", GEMMA, root),
                ids("Gemma 3", SIZES + GEMMA_3, GEMMA_3_TEXT, root),
                ids("Gemma 3 of transformers 5", SIZES + GEMMA_3_OF_5, GEMMA_3_TEXT, root),
                ids(
                        "Granite",
                        SIZES
                                + """
                                "model_type": "granite", "embedding_multiplier": 1.5,
                                "residual_multiplier": 0.4, "attention_multiplier": 0.3,
                                "logits_scaling": 5, "mlp_bias": true, "attention_bias": true}
                                """,
                        QWEN.withFactors(0.3, 0.4, 0.2),
                        1.5),
                ids(
                        "Starcoder 2",
                        SIZES
                                + """
                                "model_type": "starcoder2", "norm_epsilon": 1e-5,
                                "sliding_window": 2}
                                """,
                        STARCODER,
                        1),
                given("Gemma 3, embeddings given", SIZES + GEMMA_3, GEMMA_3_TEXT, 1),
                ids(
                        "Qwen 3 with experts in two layers",
                        SIZES
                                + """
                                "model_type": "qwen3_moe", "decoder_sparse_step": 2,
                                "num_experts": 3, "num_experts_per_tok": 2,
                                "moe_intermediate_size": 7, "norm_topk_prob": true}
                                """,
                        QWEN,
                        1),
                ids(
                        "Qwen 2 with experts, one of them for all",
                        SIZES
                                + """
                                "model_type": "qwen2_moe", "mlp_only_layers": [0, 3],
                                "num_experts": 4, "num_experts_per_tok": 2,
                                "moe_intermediate_size": 7, "shared_expert_intermediate_size": 9,
                                "use_sliding_window": true, "sliding_window": 2}
                                """,
                        new Model(
                                OracleRmsNormOptions.DEFAULT,
                                OracleActivation.SILU,
                                1 / Math.sqrt(D),
                                layer -> true,
                                THETA,
                                1,
                                0,
                                OracleRouting.softmax(2, false),
                                1,
                                1),
                        1));
    }

    private static ParityCaseBuilder start(String variant, String config) {
        // Embedding, then norms, projections, scores, keys, heads, gate and down of each layer.
        long layer = 6L * E + D + S + (long) H * D + F + 8;
        return ParityCase.builder("CausalLanguageModel", variant)
                .setBlock(() -> Families.parse(config).newBlock())
                .setTolerance(
                        LAYERS * layer + 2 * E,
                        6,
                        "the terms of the layers, of the norm and of the head one after the other;"
                                + " each layer multiplies gates, and cases have up to four norms");
    }

    private static ParityCase ids(String variant, String config, Model model, double scale) {
        return start(variant, config)
                .addIntegers("ids", IDS, 2, S)
                .setFormula(
                        (arrays, parameters) -> {
                            Scope p = Scope.of(parameters);
                            int[] rows = Arrays.stream(IDS).mapToInt(id -> (int) id).toArray();
                            Var table = p.required("embedding.weight");
                            Var x = OracleLinear.embedding(rows, new int[] {2, S}, table);
                            return logits(p, OracleMath.scale(x, scale), model);
                        })
                .build();
    }

    private static ParityCase given(String variant, String config, Model model, double scale) {
        return start(variant, config)
                .addInput("x", RandomTensors.normal(variant.hashCode(), 2, S, E), 2, S, E)
                .setFormula(
                        (arrays, parameters) -> {
                            Var x = OracleMath.scale(Scope.get(arrays, "x"), scale);
                            return logits(Scope.of(parameters), x, model);
                        })
                .build();
    }

    private static Var logits(Scope p, Var embedded, Model model) {
        Var x = embedded;
        for (int i = 0; i < LAYERS; i++) {
            Scope layer = p.child("layers." + i);
            x = residual(layer.child("attention"), x, model, i, true);
            x = residual(layer.child("feedForward"), x, model, i, false);
        }
        Var last = norm(p.child("norm"), x, model);
        Var head = p.optional("head.weight");
        Var logits =
                OracleLinear.linear(
                        last, head == null ? p.required("embedding.weight") : head, null);
        logits = OracleMath.scale(logits, model.logits());
        return model.softcap() == 0
                ? logits
                : OracleMath.scale(
                        OracleActivation.TANH.apply(OracleMath.scale(logits, 1 / model.softcap())),
                        model.softcap());
    }

    private static Var residual(Scope p, Var x, Model model, int layer, boolean attention) {
        Var normed = norm(p.child("norm"), x, model);
        Scope sublayer = p.child("sublayer");
        Var y =
                attention
                        ? attention(sublayer, normed, model, layer)
                        : fed(sublayer, normed, model);
        Var branch = norm(p.child("outputNorm"), y, model);
        return OracleMath.add(x, OracleMath.scale(branch, model.branch()));
    }

    /** A norm, or nothing if it has no weight. */
    private static Var norm(Scope p, Var x, Model model) {
        Var weight = p.optional("weight");
        if (p.optional("bias") != null) {
            return p.layerNorm(x, EPSILON);
        }
        return weight == null ? x : OracleNorms.rmsNorm(x, weight, EPSILON, model.norms());
    }

    private static Var attention(Scope p, Var x, Model model, int layer) {
        boolean local = model.local().test(layer);
        double[] rates = OracleRotaryFrequencies.standard(local ? model.localTheta() : THETA, D);
        if (!local) {
            rates = Arrays.stream(rates).map(rate -> rate / model.globalFactor()).toArray();
        }
        Var q = norm(p.child("queryNorm"), OracleHeads.splitHeads(p.linear("query", x), H), model);
        Var k = norm(p.child("keyNorm"), OracleHeads.splitHeads(p.linear("key", x), K), model);
        Var v = OracleHeads.splitHeads(p.linear("value", x), K);
        int seen = local ? WINDOW : S;
        Var y =
                OracleAttention.attention(
                        turned(q, rates),
                        turned(k, rates),
                        v,
                        OracleAttentionOptions.DEFAULT
                                .withScale(model.attentionScale())
                                .withRule((row, query, key) -> key <= query && query - key < seen));
        return p.linear("output", OracleHeads.mergeHeads(y));
    }

    private static Var turned(Var heads, double[] rates) {
        return OracleRotary.rotary(
                heads, RotaryCases.positions(null, S), rates, OracleRotary.Layout.HALF_SPLIT, 1);
    }

    private static Var fed(Scope p, Var x, Model model) {
        if (p.optional("router.weight") == null) {
            return p.optional("gate.weight") == null
                    ? p.linear("down", model.activation().apply(p.linear("up", x)))
                    : p.gatedFeedForward(x, model.activation());
        }
        return mixed(p, OracleMath.reshape(x, 2 * S, E), model);
    }

    private static Var mixed(Scope p, Var rows, Model model) {
        int experts = p.required("router.weight").shape()[0];
        Var y = MixtureCases.routed(p, rows, experts, model.routing());
        Var gate = shared(p, rows, model);
        return OracleMath.reshape(gate == null ? y : OracleMath.add(y, gate), 2, S, E);
    }

    private static @Nullable Var shared(Scope p, Var rows, Model model) {
        if (p.optional("sharedGate.weight") == null) {
            return null;
        }
        Var expert = p.child("sharedExpert").gatedFeedForward(rows, model.activation());
        return MixtureCases.gated(p, rows, expert);
    }
}

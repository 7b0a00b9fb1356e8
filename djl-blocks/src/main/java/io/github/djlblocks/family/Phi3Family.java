package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.kernel.GateOrder;

/**
 * {@code model_type: phi3}: one projection for queries, keys and values, and one for gate and up
 * (arXiv 2404.14219); long versions have LongRoPE.
 */
final class Phi3Family extends LlamaLike {

    static final String MODEL_TYPE = "phi3";

    /** {@code Phi3Config}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192,
             "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
             "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
             "rms_norm_eps": 1e-5, "rope_theta": 10000, "partial_rotary_factor": 1.0,
             "sliding_window": null, "tie_word_embeddings": false, "eos_token_id": 32000}
            """;

    private final int window;

    private Phi3Family(ConfigReader given) {
        super(given, DEFAULTS);
        window = json().integer("sliding_window", 0);
    }

    static ModelDescription describe(ConfigReader json) {
        return new Phi3Family(json).describe();
    }

    @Override
    RotaryConfig rotary(int maxPositions) {
        RotaryConfig rotary = super.rotary(maxPositions);
        rotary.requireOneOf("default", "longrope", "su");
        return rotary;
    }

    @Override
    int window(int layer) {
        return window;
    }

    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        int e = config().hiddenSize();
        int queries = config().queryHeads() * config().headDim();
        int keys = config().keyValueHeads() * config().headDim();
        return super.attention(layer)
                .setFusedProjection(
                        Linear.withoutBias(e, queries + 2 * keys),
                        FusedHeadLayout.QUERY_KEY_VALUE,
                        Linear.withoutBias(queries, e));
    }

    @Override
    Block feedForward(int layer) {
        int e = config().hiddenSize();
        int f = config().feedForwardSize();
        return GatedFeedForward.builder()
                .setFusedProjection(Linear.withoutBias(e, 2 * f), GateOrder.GATE_FIRST)
                .setDown(Linear.withoutBias(f, e))
                .optActivation(config().activation())
                .build();
    }

    @Override
    void nameAttention(TensorNames.Builder names) {
        String to = ATTENTION + "sublayer.";
        names.add(LAYER + "self_attn.qkv_proj.{p}", to + "queryKeyValue.{p}")
                .add(LAYER + "self_attn.o_proj.{p}", to + "output.{p}");
    }

    @Override
    void nameFeedForward(TensorNames.Builder names) {
        String to = FEED_FORWARD + "sublayer.";
        names.add(LAYER + "mlp.gate_up_proj.{p}", to + "gateUp.{p}")
                .add(LAYER + "mlp.down_proj.{p}", to + "down.{p}");
    }
}

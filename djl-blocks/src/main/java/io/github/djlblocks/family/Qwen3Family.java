package io.github.djlblocks.family;

import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.internal.ConfigReader;

/**
 * {@code model_type: qwen3} and {@code qwen3_moe}: norms of the heads of queries and keys (arXiv
 * 2505.09388).
 */
final class Qwen3Family extends QwenFamily {

    static final String MODEL_TYPE = "qwen3";
    static final String MOE_MODEL_TYPE = "qwen3_moe";

    /** {@code Qwen3Config}. */
    private static final String DEFAULTS = DENSE + ", \"head_dim\": 128}";

    /** {@code Qwen3MoeConfig}, which has no size of heads. */
    private static final String MOE_DEFAULTS =
            SPARSE
                    + """
                     "intermediate_size": 6144, "num_attention_heads": 32,
                     "num_key_value_heads": 4, "moe_intermediate_size": 768,
                     "num_experts_per_tok": 8, "num_experts": 128}
                    """;

    private Qwen3Family(ConfigReader given, String defaults) {
        super(given, defaults);
    }

    static ModelDescription describe(ConfigReader json) {
        return new Qwen3Family(json, DEFAULTS).describe();
    }

    static ModelDescription describeMoe(ConfigReader json) {
        return new Qwen3Family(json, MOE_DEFAULTS).describe();
    }

    @Override
    boolean attentionBias() {
        return json().flag("attention_bias", false);
    }

    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        int d = config().headDim();
        return super.attention(layer).optHeadNorms(norm(d), norm(d));
    }

    @Override
    void nameAttention(TensorNames.Builder names) {
        super.nameAttention(names);
        nameQueryKeyNorms(names);
    }
}

package io.github.djlblocks.family;

import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.ConfigReader;

/**
 * {@code model_type: qwen2} and {@code qwen2_moe}: biases of queries, keys and values, none of the
 * output (arXiv 2407.10671).
 */
final class Qwen2Family extends QwenFamily {

    static final String MODEL_TYPE = "qwen2";
    static final String MOE_MODEL_TYPE = "qwen2_moe";

    /** {@code Qwen2MoeConfig}. */
    private static final String MOE_DEFAULTS =
            SPARSE
                    + """
                     "intermediate_size": 5632, "num_attention_heads": 16,
                     "num_key_value_heads": 16, "moe_intermediate_size": 1408,
                     "shared_expert_intermediate_size": 5632, "num_experts_per_tok": 4,
                     "num_experts": 60}
                    """;

    private final boolean bias;

    private Qwen2Family(ConfigReader given, String defaults) {
        super(given, defaults);
        bias = json().flag("qkv_bias", true);
    }

    static ModelDescription describe(ConfigReader json) {
        return new Qwen2Family(json, DENSE + "}").describe();
    }

    static ModelDescription describeMoe(ConfigReader json) {
        return new Qwen2Family(json, MOE_DEFAULTS).describe();
    }

    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        int e = config().hiddenSize();
        int queries = config().queryHeads() * config().headDim();
        int keys = config().keyValueHeads() * config().headDim();
        return super.attention(layer)
                .setProjections(
                        linear(e, queries),
                        linear(e, keys),
                        linear(e, keys),
                        Linear.withoutBias(queries, e));
    }

    private Linear linear(int inputs, int outputs) {
        return bias ? Linear.withBias(inputs, outputs) : Linear.withoutBias(inputs, outputs);
    }
}

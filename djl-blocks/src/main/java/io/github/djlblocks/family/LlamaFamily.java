package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;

/** {@code model_type: llama}: Llama 1 to 3.x and everything that has its architecture. */
final class LlamaFamily extends LlamaLike {

    static final String MODEL_TYPE = "llama";

    /** {@code LlamaConfig}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
             "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
             "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000,
             "tie_word_embeddings": false, "eos_token_id": 2}
            """;

    private LlamaFamily(ConfigReader json) {
        super(json, DEFAULTS);
    }

    static ModelDescription describe(ConfigReader json) {
        return new LlamaFamily(json).describe();
    }

    @Override
    boolean attentionBias() {
        return json().flag("attention_bias", false);
    }

    @Override
    boolean feedForwardBias() {
        return json().flag("mlp_bias", false);
    }
}

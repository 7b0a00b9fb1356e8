package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;

/** {@code model_type: mistral}: Llama whose tokens see a window (arXiv 2310.06825). */
final class MistralFamily extends LlamaLike {

    static final String MODEL_TYPE = "mistral";

    /** {@code MistralConfig}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
             "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
             "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
             "rope_theta": 10000, "sliding_window": 4096, "tie_word_embeddings": false,
             "eos_token_id": 2}
            """;

    private final int window;

    private MistralFamily(ConfigReader given) {
        super(given, DEFAULTS);
        window = json().integer("sliding_window", 0);
    }

    static ModelDescription describe(ConfigReader json) {
        return new MistralFamily(json).describe();
    }

    @Override
    int window(int layer) {
        return window;
    }
}

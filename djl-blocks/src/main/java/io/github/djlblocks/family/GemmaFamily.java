package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.norm.RmsNorm;

/**
 * {@code model_type: gemma}: norms of 1 + w, embeddings times the root of their size, GELU in the
 * gate (arXiv 2403.08295).
 */
class GemmaFamily extends LlamaLike {

    static final String MODEL_TYPE = "gemma";

    /** {@code GemmaConfig}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 256000, "hidden_size": 3072, "intermediate_size": 24576,
             "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 16,
             "head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "hidden_activation": null,
             "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "rope_theta": 10000,
             "tie_word_embeddings": true, "eos_token_id": 1}
            """;

    GemmaFamily(ConfigReader given, String defaults) {
        super(given, defaults);
    }

    static ModelDescription describe(ConfigReader json) {
        return new GemmaFamily(json, DEFAULTS).describe();
    }

    @Override
    final boolean attentionBias() {
        return json().flag("attention_bias", false);
    }

    /** Early files of Gemma say gelu in hidden_act and what is meant in hidden_activation. */
    @Override
    final ActivationFunction activation() {
        return activation(json().has("hidden_activation") ? "hidden_activation" : "hidden_act");
    }

    @Override
    final Block norm(int channels) {
        return RmsNorm.builder()
                .setChannels(channels)
                .optEpsilon(config().normEpsilon())
                .optUnitOffset(true)
                .optWeightInUpcast(true)
                .build();
    }

    @Override
    void addTo(CausalLanguageModelBuilder model) {
        model.optEmbeddingScale(Math.sqrt(config().hiddenSize()));
    }
}

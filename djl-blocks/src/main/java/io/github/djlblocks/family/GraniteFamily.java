package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModelBuilder;

/** {@code model_type: granite}: Llama with factors in four places (arXiv 2408.13359). */
final class GraniteFamily extends LlamaLike {

    static final String MODEL_TYPE = "granite";

    /** {@code GraniteConfig}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
             "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
             "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000,
             "tie_word_embeddings": false, "embedding_multiplier": 1, "logits_scaling": 1,
             "residual_multiplier": 1, "attention_multiplier": 1, "eos_token_id": 2}
            """;

    private final double embedding;
    private final double logits;
    private final double branch;
    private final double scores;

    private GraniteFamily(ConfigReader given) {
        super(given, DEFAULTS);
        embedding = json().number("embedding_multiplier");
        logits = json().number("logits_scaling");
        branch = json().number("residual_multiplier");
        scores = json().number("attention_multiplier");
    }

    static ModelDescription describe(ConfigReader json) {
        return new GraniteFamily(json).describe();
    }

    @Override
    boolean attentionBias() {
        return json().flag("attention_bias", false);
    }

    @Override
    boolean feedForwardBias() {
        return json().flag("mlp_bias", false);
    }

    /** The factor takes the place of one over the root of a head's size. */
    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        return super.attention(layer).optScale(scores);
    }

    @Override
    Residual residual(Block sublayer) {
        return Residual.builder()
                .setSublayer(sublayer)
                .optInputNorm(norm(config().hiddenSize()))
                .optMultiplier(branch)
                .build();
    }

    @Override
    void addTo(CausalLanguageModelBuilder model) {
        model.optEmbeddingScale(embedding).optLogitScale(1 / logits);
    }
}

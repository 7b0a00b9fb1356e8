package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.RmsNorm;

/**
 * {@code model_type: olmo2}: norms of what sublayers give, and of the whole projections of queries
 * and keys (arXiv 2501.00656).
 */
final class Olmo2Family extends LlamaLike {

    static final String MODEL_TYPE = "olmo2";

    /** {@code Olmo2Config}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 50304, "hidden_size": 4096, "intermediate_size": 11008,
             "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
             "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000,
             "tie_word_embeddings": false, "eos_token_id": 50279}
            """;

    private Olmo2Family(ConfigReader json) {
        super(json, DEFAULTS);
    }

    static ModelDescription describe(ConfigReader json) {
        return new Olmo2Family(json).describe();
    }

    @Override
    boolean attentionBias() {
        return json().flag("attention_bias", false);
    }

    @Override
    Block norm(int channels) {
        return RmsNorm.builder()
                .setChannels(channels)
                .optEpsilon(config().normEpsilon())
                .optWeightInUpcast(true)
                .build();
    }

    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        int d = config().headDim();
        return super.attention(layer)
                .optProjectionNorms(
                        norm(config().queryHeads() * d), norm(config().keyValueHeads() * d));
    }

    @Override
    Residual residual(Block sublayer) {
        return Residual.output(sublayer, norm(config().hiddenSize()));
    }

    @Override
    void nameNorms(TensorNames.Builder names) {
        names.add(LAYER + "post_attention_layernorm.{p}", ATTENTION + "outputNorm.{p}")
                .add(LAYER + "post_feedforward_layernorm.{p}", FEED_FORWARD + "outputNorm.{p}");
    }

    @Override
    void nameAttention(TensorNames.Builder names) {
        super.nameAttention(names);
        nameQueryKeyNorms(names);
    }
}

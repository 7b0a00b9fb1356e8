package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModelBuilder;

/**
 * {@code model_type: gemma2}: a norm on both sides of each sublayer, softly bounded scores and
 * logits, and a window in every other layer (arXiv 2408.00118).
 */
class Gemma2Family extends GemmaFamily {

    static final String MODEL_TYPE = "gemma2";

    /** {@code Gemma2Config}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 256000, "hidden_size": 2304, "intermediate_size": 9216,
             "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4,
             "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
             "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "rope_theta": 10000,
             "query_pre_attn_scalar": 256, "sliding_window": 4096,
             "final_logit_softcapping": 30.0, "attn_logit_softcapping": 50.0,
             "tie_word_embeddings": true, "eos_token_id": 1}
            """;

    private final LayerTypes types;
    private final double attentionScale;
    private final double scoreSoftcap;
    private final double finalSoftcap;

    Gemma2Family(ConfigReader given, String defaults) {
        super(given, defaults);
        types = LayerTypes.of(json(), config().layers(), this::isLocal);
        attentionScale = 1 / Math.sqrt(json().number("query_pre_attn_scalar"));
        scoreSoftcap = json().number("attn_logit_softcapping", 0);
        finalSoftcap = json().number("final_logit_softcapping", 0);
    }

    static ModelDescription describe(ConfigReader json) {
        return new Gemma2Family(json, DEFAULTS).describe();
    }

    /** Where {@code layer_types} is absent. */
    boolean isLocal(int layer) {
        return layer % 2 == 0;
    }

    final LayerTypes types() {
        return types;
    }

    @Override
    final int window(int layer) {
        return types.window(layer);
    }

    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        return super.attention(layer).optScale(attentionScale).optSoftcap(scoreSoftcap);
    }

    @Override
    final Residual residual(Block sublayer) {
        int e = config().hiddenSize();
        return Residual.sandwich(norm(e), sublayer, norm(e));
    }

    @Override
    void addTo(CausalLanguageModelBuilder model) {
        super.addTo(model);
        model.optLogitSoftcap(finalSoftcap);
    }

    @Override
    final void nameNorms(TensorNames.Builder names) {
        names.add(LAYER + "input_layernorm.{p}", ATTENTION + "norm.{p}")
                .add(LAYER + "post_attention_layernorm.{p}", ATTENTION + "outputNorm.{p}")
                .add(LAYER + "pre_feedforward_layernorm.{p}", FEED_FORWARD + "norm.{p}")
                .add(LAYER + "post_feedforward_layernorm.{p}", FEED_FORWARD + "outputNorm.{p}");
    }
}

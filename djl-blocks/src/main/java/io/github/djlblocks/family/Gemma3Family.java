package io.github.djlblocks.family;

import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.RotaryScaling;
import java.util.List;

/**
 * {@code model_type: gemma3_text}: Gemma 2 with norms of the heads of queries and keys in place of
 * bounded scores, and five layers with a window, which have a rotary base of their own and no
 * scaling, for each without one (arXiv 2503.19786).
 */
final class Gemma3Family extends Gemma2Family {

    static final String MODEL_TYPE = "gemma3_text";

    /** A Gemma 3 that sees pictures, whose text model is one field of its configuration. */
    static final String MULTIMODAL_TYPE = "gemma3";

    /** {@code Gemma3TextConfig}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216,
             "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4,
             "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
             "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "rope_theta": 1000000,
             "query_pre_attn_scalar": 256, "sliding_window": 4096,
             "final_logit_softcapping": null, "attn_logit_softcapping": null,
             "rope_local_base_freq": 10000, "sliding_window_pattern": 6,
             "tie_word_embeddings": true, "eos_token_id": 1}
            """;

    private static final String ROPE = "rope_parameters";

    private Gemma3Family(ConfigReader given) {
        super(given, DEFAULTS);
        // The reference has the field and passes over it.
        json().refuseUnless("attn_logit_softcapping", "null");
    }

    static ModelDescription describe(ConfigReader json) {
        return new Gemma3Family(json).describe();
    }

    /** Makes the error of one that sees pictures. */
    static IllegalArgumentException multimodal(ConfigReader json) {
        return json.refusal(
                "model_type '"
                        + MULTIMODAL_TYPE
                        + "' has a vision model, which is not implemented: make a directory of its"
                        + " text_config, whose model_type is '"
                        + MODEL_TYPE
                        + "', and of the tensors of its language_model");
    }

    @Override
    boolean isLocal(int layer) {
        return (layer + 1) % json().integer("sliding_window_pattern") != 0;
    }

    @Override
    RotaryConfig rotary(int maxPositions) {
        return ofLayerType(LayerTypes.GLOBAL, maxPositions);
    }

    private boolean hasRopeOf(String layerType) {
        return json().object(ROPE).has(layerType);
    }

    private RotaryConfig ofLayerType(String layerType, int maxPositions) {
        return hasRopeOf(layerType)
                ? RotaryConfig.of(json(), maxPositions, layerType)
                : RotaryConfig.of(json(), maxPositions);
    }

    @Override
    List<RotaryEmbedding> rotaries() {
        int d = config().headDim();
        double base = json().number("rope_local_base_freq");
        RotarySpec local =
                hasRopeOf(LayerTypes.LOCAL)
                        ? ofLayerType(LayerTypes.LOCAL, config().contextLength())
                                .spec(d, RotaryLayout.HALF_SPLIT, base, 1)
                        : RotaryScaling.none().spec(base, d, RotaryLayout.HALF_SPLIT);
        RotaryEmbedding global = super.rotaries().get(0);
        return List.of(global, RotaryEmbedding.of(d, local));
    }

    @Override
    int rotaryOf(int layer) {
        return types().isLocal(layer) ? 1 : 0;
    }

    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        int d = config().headDim();
        return super.attention(layer).optHeadNorms(norm(d), norm(d));
    }

    @Override
    void addTo(CausalLanguageModelBuilder model) {
        super.addTo(model);
        model.optScaledGiven(false);
    }

    @Override
    void nameAttention(TensorNames.Builder names) {
        super.nameAttention(names);
        nameQueryKeyNorms(names);
    }
}

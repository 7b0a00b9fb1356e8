package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Fields by which some family or tool changes the arithmetic. A family that does not ask for one of
 * them does not have it: a value that changes something is refused, not passed over.
 */
final class OtherArithmetic {

    private static final Map<String, String[]> NEUTRAL = new LinkedHashMap<>();

    static {
        String[] one = {"1", "1.0"};
        String[] off = {"null", "false"};
        for (String field :
                new String[] {
                    "quantization_config",
                    "quantization",
                    "compression_config",
                    "sliding_window",
                    "attn_logit_softcapping",
                    "final_logit_softcapping",
                    "attention_multiplier",
                    "query_pre_attn_scalar",
                    "clip_qkv",
                    "rope_scaling",
                    "rope_parameters",
                    "q_lora_rank",
                    "kv_lora_rank",
                    "cross_attention_hidden_size",
                    "head_dim"
                }) {
            NEUTRAL.put(field, new String[] {"null"});
        }
        for (String field :
                new String[] {
                    "embedding_multiplier",
                    "residual_multiplier",
                    "logits_scaling",
                    "logit_scale",
                    "scale_emb",
                    "partial_rotary_factor",
                    "rotary_pct"
                }) {
            NEUTRAL.put(field, one);
        }
        for (String field :
                new String[] {
                    "qk_norm",
                    "use_qk_norm",
                    "use_sliding_window",
                    "alibi",
                    "add_cross_attention",
                    "is_encoder_decoder",
                    "attention_bias",
                    "mlp_bias",
                    "qkv_bias",
                    "norm_topk_prob",
                    "apply_residual_connection_post_layernorm",
                    "scale_attn_by_inverse_layer_idx",
                    "use_parallel_residual",
                    "use_bidirectional_attention"
                }) {
            NEUTRAL.put(field, off);
        }
        NEUTRAL.put("num_local_experts", new String[] {"null", "0", "1"});
        NEUTRAL.put("num_experts", new String[] {"null", "0", "1"});
        NEUTRAL.put("n_routed_experts", new String[] {"null", "0"});
        NEUTRAL.put("no_rope_layers", new String[] {"null", "[]"});
        NEUTRAL.put("layer_types", new String[] {"null", "[]"});
        NEUTRAL.put("pruned_heads", new String[] {"null", "{}"});
        NEUTRAL.put("scale_attn_weights", new String[] {"true"});
        NEUTRAL.put("position_embedding_type", new String[] {"\"absolute\""});
    }

    private OtherArithmetic() {}

    /**
     * Refuses what nobody asked for.
     *
     * @throws IllegalArgumentException if a field has a value that changes the model
     */
    static void refuse(ConfigReader json) {
        NEUTRAL.forEach(
                (field, neutral) -> {
                    if (!json.wasAsked(field)) {
                        json.refuseUnless(field, neutral);
                    }
                });
    }
}

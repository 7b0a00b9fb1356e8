package io.github.djlblocks.huggingface;

import io.github.djlblocks.activation.Activations;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.model.DecoderConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * {@code model_type: llama}: Llama 1 to 3.x and everything that has its architecture.
 *
 * <p>Defaults of absent fields are those of Hugging Face {@code LlamaConfig}.
 */
final class LlamaFamily {

    static final String MODEL_TYPE = "llama";

    /** What {@code eos_token_id} is when it is absent. */
    static final Set<Long> END_TOKENS = Set.of(2L);

    /** Paths of the embedding and of a head of its own, and their names in a checkpoint. */
    static final String EMBEDDING = "embedding.weight";

    static final String HEAD = "head.weight";
    static final String EMBEDDING_TENSOR = "model.embed_tokens.weight";
    static final String HEAD_TENSOR = "lm_head.weight";

    private LlamaFamily() {}

    static DecoderConfig config(ConfigReader json) {
        refuseOtherArithmetic(json);
        RotaryConfig rotary = RotaryConfig.of(json, json.integer("max_position_embeddings", 2048));
        int heads = json.integer("num_attention_heads", 32);
        int hidden = json.integer("hidden_size", 4096);
        DecoderConfig.Builder builder =
                DecoderConfig.builder()
                        .setVocabularySize(json.integer("vocab_size", 32000))
                        .setHiddenSize(hidden)
                        .setFeedForwardSize(json.integer("intermediate_size", 11008))
                        .setLayers(json.integer("num_hidden_layers", 32))
                        .setQueryHeads(heads)
                        .setContextLength(rotary.contextLength())
                        .optKeyValueHeads(json.integer("num_key_value_heads", heads))
                        .optNormEpsilon(json.number("rms_norm_eps", 1e-6))
                        .optActivation(activation(json))
                        .optAttentionBias(json.flag("attention_bias", false))
                        .optFeedForwardBias(json.flag("mlp_bias", false))
                        .optTiedHead(json.flag("tie_word_embeddings", false));
        int headDim = json.integer("head_dim", hidden / heads);
        if (!json.has("head_dim") && hidden % heads != 0) {
            return builder.build();
        }
        return builder.optHeadDim(headDim)
                .optRotary(rotary.spec(headDim, RotaryLayout.HALF_SPLIT))
                .build();
    }

    private static ActivationFunction activation(ConfigReader json) {
        String name = json.text("hidden_act", "silu");
        if (!Activations.names().contains(name)) {
            throw json.unknown("hidden_act", name, Activations.names());
        }
        return Activations.byName(name);
    }

    /** Fields other families have, which would make another model of this one. */
    private static void refuseOtherArithmetic(ConfigReader json) {
        json.refuseUnless("quantization_config", "null");
        json.refuseUnless("quantization", "null");
        json.refuseUnless("compression_config", "null");
        json.refuseUnless("sliding_window", "null");
        json.refuseUnless("attn_logit_softcapping", "null");
        json.refuseUnless("final_logit_softcapping", "null");
        json.refuseUnless("embedding_multiplier", "1", "1.0");
        json.refuseUnless("residual_multiplier", "1", "1.0");
        json.refuseUnless("logits_scaling", "1", "1.0");
        json.refuseUnless("attention_multiplier", "null");
        json.refuseUnless("query_pre_attn_scalar", "null");
        json.refuseUnless("clip_qkv", "null");
        json.refuseUnless("qk_norm", "null", "false");
        json.refuseUnless("use_qk_norm", "null", "false");
        json.refuseUnless("num_local_experts", "null", "0", "1");
        json.refuseUnless("num_experts", "null", "0", "1");
        json.refuseUnless("alibi", "null", "false");
        json.refuseUnless("no_rope_layers", "null", "[]");
        json.refuseUnless("add_cross_attention", "null", "false");
    }

    /** Names in the checkpoint to parameter paths. */
    static Map<String, String> names() {
        Map<String, String> names = new LinkedHashMap<>();
        String layer = "model.layers.{i}.";
        String attention = "layers.{i}.attention.";
        String feedForward = "layers.{i}.feedForward.";
        names.put(EMBEDDING_TENSOR, EMBEDDING);
        names.put(layer + "input_layernorm.weight", attention + "norm.weight");
        names.put(layer + "self_attn.q_proj.{p}", attention + "sublayer.query.{p}");
        names.put(layer + "self_attn.k_proj.{p}", attention + "sublayer.key.{p}");
        names.put(layer + "self_attn.v_proj.{p}", attention + "sublayer.value.{p}");
        names.put(layer + "self_attn.o_proj.{p}", attention + "sublayer.output.{p}");
        names.put(layer + "post_attention_layernorm.weight", feedForward + "norm.weight");
        names.put(layer + "mlp.gate_proj.{p}", feedForward + "sublayer.gate.{p}");
        names.put(layer + "mlp.up_proj.{p}", feedForward + "sublayer.up.{p}");
        names.put(layer + "mlp.down_proj.{p}", feedForward + "sublayer.down.{p}");
        names.put("model.norm.weight", "norm.weight");
        names.put(HEAD_TENSOR, HEAD);
        return names;
    }
}

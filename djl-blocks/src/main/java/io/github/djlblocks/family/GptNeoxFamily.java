package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.ParallelResidual;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.List;
import java.util.Set;

/**
 * {@code model_type: gpt_neox}, which is Pythia's too (arXiv 2204.06745): attention beside
 * feed-forward or before it, part of each head turned.
 */
final class GptNeoxFamily extends FusedDecoder {

    static final String MODEL_TYPE = "gpt_neox";

    private final RotaryEmbedding rotary;
    private final boolean parallel;
    private final boolean attentionBias;

    private GptNeoxFamily(ConfigReader json, Sizes sizes, RotaryConfig rotaryConfig) {
        super(
                json,
                sizes,
                json.number("layer_norm_eps", 1e-5),
                json.integer("intermediate_size", 24576),
                activation(json, "hidden_act", "gelu"));
        // The names of the class win over the common ones, which it derives from them.
        double theta = json.number("rotary_emb_base", json.number("rope_theta", 10000));
        double part = json.number("rotary_pct", json.number("partial_rotary_factor", 0.25));
        rotary =
                RotaryEmbedding.of(
                        headDim(),
                        rotaryConfig.spec(headDim(), RotaryLayout.HALF_SPLIT, theta, part));
        parallel = json.flag("use_parallel_residual", true);
        attentionBias = json.flag("attention_bias", true);
    }

    static ModelDescription describe(ConfigReader json) {
        RotaryConfig rotary = RotaryConfig.of(json, json.integer("max_position_embeddings", 2048));
        Sizes sizes =
                new Sizes(
                        json.integer("vocab_size", 50432),
                        json.integer("hidden_size", 6144),
                        json.integer("num_hidden_layers", 44),
                        json.integer("num_attention_heads", 64),
                        rotary.contextLength(),
                        json.flag("tie_word_embeddings", false),
                        json.tokens("eos_token_id", Set.of(2L)));
        return new GptNeoxFamily(json, sizes, rotary).describe("ForCausalLM");
    }

    @Override
    Block layer(int index) {
        Residual attention =
                Residual.pre(
                        norm(),
                        attention(FusedHeadLayout.GROUPED, attentionBias)
                                .optRotary(rotary)
                                .build());
        Residual feedForward = Residual.pre(norm(), feedForward());
        return parallel
                ? ParallelResidual.of(attention, feedForward)
                : DecoderLayer.of(attention, feedForward);
    }

    @Override
    List<RotaryEmbedding> rotaries() {
        return List.of(rotary);
    }

    @Override
    TensorNames names() {
        String layer = "gpt_neox.layers.{i}.";
        String attention = "layers.{i}.attention.";
        String feedForward = "layers.{i}.feedForward.";
        return TensorNames.builder()
                .ignore(layer + "attention.bias")
                .ignore(layer + "attention.masked_bias")
                .ignore(layer + "attention.rotary_emb.inv_freq")
                .add("gpt_neox.embed_in.weight", EMBEDDING)
                .add(layer + "input_layernorm.{p}", attention + "norm.{p}")
                .add(
                        layer + "attention.query_key_value.{p}",
                        attention + "sublayer.queryKeyValue.{p}")
                .add(layer + "attention.dense.{p}", attention + "sublayer.output.{p}")
                .add(layer + "post_attention_layernorm.{p}", feedForward + "norm.{p}")
                .add(layer + "mlp.dense_h_to_4h.{p}", feedForward + "sublayer.up.{p}")
                .add(layer + "mlp.dense_4h_to_h.{p}", feedForward + "sublayer.down.{p}")
                .add("gpt_neox.final_layer_norm.{p}", "norm.{p}")
                .add("embed_out.weight", HEAD)
                .build();
    }
}

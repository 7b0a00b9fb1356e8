package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.position.LearnedPositions;
import java.util.Set;

/**
 * {@code model_type: gpt2} (Radford et al., 2019): learned positions, tied head, matrices stored as
 * (in, out). {@code reorder_and_upcast_attn} only says where the reference rounds.
 */
final class Gpt2Family extends FusedDecoder {

    static final String MODEL_TYPE = "gpt2";

    private final boolean scaled;
    private final boolean scaledByLayer;

    private Gpt2Family(ConfigReader json, Sizes sizes) {
        super(
                json,
                sizes,
                json.number("layer_norm_epsilon", 1e-5),
                json.integer("n_inner", Math.multiplyExact(4, sizes.hidden())),
                activation(json, "activation_function", "gelu_new"));
        scaled = json.flag("scale_attn_weights", true);
        scaledByLayer = json.flag("scale_attn_by_inverse_layer_idx", false);
    }

    static ModelDescription describe(ConfigReader json) {
        Sizes sizes =
                new Sizes(
                        json.integer("vocab_size", 50257),
                        size(json, "n_embd", "hidden_size", 768),
                        size(json, "n_layer", "num_hidden_layers", 12),
                        size(json, "n_head", "num_attention_heads", 12),
                        size(json, "n_positions", "max_position_embeddings", 1024),
                        json.flag("tie_word_embeddings", true),
                        json.tokens("eos_token_id", Set.of(50256L)));
        return new Gpt2Family(json, sizes).describe("LMHeadModel");
    }

    @Override
    Block layer(int index) {
        double scale = scaled ? 1 / Math.sqrt(headDim()) : 1;
        return DecoderLayer.of(
                Residual.pre(
                        norm(),
                        attention(FusedHeadLayout.QUERY_KEY_VALUE, true)
                                .optScale(scaledByLayer ? scale / (index + 1) : scale)
                                .build()),
                Residual.pre(norm(), feedForward()));
    }

    @Override
    void addTo(CausalLanguageModelBuilder model) {
        model.optPositions(LearnedPositions.of(sizes().contextLength(), sizes().hidden()));
    }

    @Override
    TensorNames names() {
        String path = "layers.{i}.";
        TensorNames.Builder names = TensorNames.builder();
        // The first checkpoints were of the model without its head, and have no prefix.
        for (String prefix : new String[] {"transformer.", ""}) {
            String layer = prefix + "h.{i}.";
            names.ignore(layer + "attn.bias")
                    .ignore(layer + "attn.masked_bias")
                    .add(prefix + "wte.weight", EMBEDDING)
                    .add(prefix + "wpe.weight", "positions.weight")
                    .add(layer + "ln_1.{p}", path + "attention.norm.{p}")
                    .add(layer + "attn.c_attn.{p}", path + "attention.sublayer.queryKeyValue.{p}")
                    .add(layer + "attn.c_proj.{p}", path + "attention.sublayer.output.{p}")
                    .add(layer + "ln_2.{p}", path + "feedForward.norm.{p}")
                    .add(layer + "mlp.c_fc.{p}", path + "feedForward.sublayer.up.{p}")
                    .add(layer + "mlp.c_proj.{p}", path + "feedForward.sublayer.down.{p}")
                    .add(prefix + "ln_f.{p}", "norm.{p}")
                    .turn(layer + "attn.c_attn.weight")
                    .turn(layer + "attn.c_proj.weight")
                    .turn(layer + "mlp.c_fc.weight")
                    .turn(layer + "mlp.c_proj.weight");
        }
        return names.add("lm_head.weight", HEAD).build();
    }
}

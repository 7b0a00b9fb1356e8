package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.position.AlibiBias;
import java.util.Set;

/**
 * {@code model_type: bloom} (arXiv 2211.05100): a bias by place of the key (ALiBi) in place of
 * positions, and a norm of the embeddings. {@code slow_but_exact} only says in which order the
 * reference sums.
 */
final class BloomFamily extends FusedDecoder {

    static final String MODEL_TYPE = "bloom";

    /**
     * There is no table of positions that could end: {@code seq_length}, if a file has it, is what
     * the model was trained on. At this length the bias has one digit left in FLOAT32.
     */
    static final int CONTEXT_LENGTH = 1 << 20;

    private static final double ROOT = 0.79788456;

    private final boolean normedResidual;

    private BloomFamily(ConfigReader json, Sizes sizes) {
        super(
                json,
                sizes,
                json.number("layer_norm_epsilon", 1e-5),
                Math.multiplyExact(4, sizes.hidden()),
                ActivationFunction.geluTanh(ROOT));
        normedResidual = json.flag("apply_residual_connection_post_layernorm", false);
    }

    static ModelDescription describe(ConfigReader json) {
        Sizes sizes =
                new Sizes(
                        json.integer("vocab_size", 250880),
                        size(json, "hidden_size", "n_embed", 64),
                        size(json, "n_layer", "num_hidden_layers", 2),
                        size(json, "n_head", "num_attention_heads", 8),
                        CONTEXT_LENGTH,
                        json.flag("tie_word_embeddings", true),
                        json.tokens("eos_token_id", Set.of(2L)));
        return new BloomFamily(json, sizes).describe("ForCausalLM");
    }

    @Override
    Block layer(int index) {
        return DecoderLayer.of(
                residual(attention(FusedHeadLayout.GROUPED, true).build()),
                residual(feedForward()));
    }

    private Residual residual(Block sublayer) {
        return Residual.builder()
                .setSublayer(sublayer)
                .optInputNorm(norm())
                .optNormedResidual(normedResidual)
                .build();
    }

    @Override
    void addTo(CausalLanguageModelBuilder model) {
        model.optEmbeddingNorm(norm()).optPositionBias(AlibiBias.bloom(sizes().heads()));
    }

    @Override
    TensorNames names() {
        String attention = "layers.{i}.attention.";
        String feedForward = "layers.{i}.feedForward.";
        TensorNames.Builder names = TensorNames.builder();
        // The checkpoints of BLOOM itself are of the model without its head, and have no prefix.
        for (String prefix : new String[] {"transformer.", ""}) {
            String layer = prefix + "h.{i}.";
            names.ignore(layer + "self_attention.scale_mask_softmax.causal_mask")
                    .add(prefix + "word_embeddings.weight", EMBEDDING)
                    .add(prefix + "word_embeddings_layernorm.{p}", "embeddingNorm.{p}")
                    .add(layer + "input_layernorm.{p}", attention + "norm.{p}")
                    .add(
                            layer + "self_attention.query_key_value.{p}",
                            attention + "sublayer.queryKeyValue.{p}")
                    .add(layer + "self_attention.dense.{p}", attention + "sublayer.output.{p}")
                    .add(layer + "post_attention_layernorm.{p}", feedForward + "norm.{p}")
                    .add(layer + "mlp.dense_h_to_4h.{p}", feedForward + "sublayer.up.{p}")
                    .add(layer + "mlp.dense_4h_to_h.{p}", feedForward + "sublayer.down.{p}")
                    .add(prefix + "ln_f.{p}", "norm.{p}");
        }
        return names.add("lm_head.weight", HEAD).build();
    }
}

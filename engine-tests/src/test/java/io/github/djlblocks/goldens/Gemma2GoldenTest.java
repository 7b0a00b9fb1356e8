package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Gemma 2: sandwich norms of 1 + w, softcaps, a window on every other layer, scaled embeddings. */
final class Gemma2GoldenTest extends ComposedDecoderGoldens {

    private final int e = integer("hidden_size");
    private final int f = integer("intermediate_size");
    private final int h = integer("num_attention_heads");
    private final int k = integer("num_key_value_heads");
    private final int d = integer("head_dim");

    Gemma2GoldenTest() throws IOException, MalformedModelException {
        super("gemma2");
    }

    @Override
    CausalLanguageModel newModel() {
        RotaryEmbedding rotary = RotaryEmbedding.builder().setHeadDim(d).build();
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < integer("num_hidden_layers"); i++) {
            layers.add(
                    DecoderLayer.of(
                            Residual.sandwich(norm(), attention(rotary, i % 2 == 0), norm()),
                            Residual.sandwich(norm(), feedForward(), norm())));
        }
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(integer("vocab_size"), e))
                .optEmbeddingScale(Math.sqrt(e))
                .setLayers(layers)
                .setContextLength(integer("max_position_embeddings"))
                .optNorm(norm())
                .optRotary(rotary)
                .optLogitSoftcap(number("final_logit_softcapping"))
                .build();
    }

    private RmsNorm norm() {
        return RmsNorm.builder().setChannels(e).optEpsilon(1e-6).optUnitOffset(true).build();
    }

    private MultiHeadAttention attention(RotaryEmbedding rotary, boolean local) {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(e, h * d),
                        Linear.withoutBias(e, k * d),
                        Linear.withoutBias(e, k * d),
                        Linear.withoutBias(h * d, e))
                .setQueryHeads(h)
                .optKeyValueHeads(k)
                .optCausal(true)
                .optScale(1 / Math.sqrt(number("query_pre_attn_scalar")))
                .optSoftcap(number("attn_logit_softcapping"))
                .optWindow(local ? integer("sliding_window") - 1 : -1, -1)
                .optRotary(rotary)
                .build();
    }

    private GatedFeedForward feedForward() {
        return GatedFeedForward.of(
                Linear.withoutBias(e, f),
                Linear.withoutBias(e, f),
                Linear.withoutBias(f, e),
                ActivationFunction.GELU_TANH);
    }

    @Override
    String tensor(String path) {
        return ("model." + path)
                .replace("model.embedding.", "model.embed_tokens.")
                .replace("attention.norm.", "input_layernorm.")
                .replace("attention.outputNorm.", "post_attention_layernorm.")
                .replace("feedForward.norm.", "pre_feedforward_layernorm.")
                .replace("feedForward.outputNorm.", "post_feedforward_layernorm.")
                .replaceAll("attention\\.sublayer\\.(q|k|v)[a-z]+\\.", "self_attn.$1_proj.")
                .replace("attention.sublayer.output.", "self_attn.o_proj.")
                .replaceAll("feedForward\\.sublayer\\.(gate|up|down)\\.", "mlp.$1_proj.");
    }

    @Override
    long terms() {
        long layer = 4L * e + e + d + 2L * 11 + (long) h * d + e + f;
        return integer("num_hidden_layers") * layer + 2L * e;
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.RotaryScaling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Llama with a head of its own; what a family has otherwise is said by the subclass. */
abstract class LlamaLikeGoldens extends ComposedDecoderGoldens {

    final int e = integer("hidden_size");
    final int f = integer("intermediate_size");
    final int h = integer("num_attention_heads");
    final int k = integer("num_key_value_heads");
    final int d = integer("head_dim", e / h);

    LlamaLikeGoldens(String family) throws IOException, MalformedModelException {
        super(family);
    }

    @Override
    CausalLanguageModel newModel() {
        RotaryEmbedding rotary =
                RotaryEmbedding.builder()
                        .setHeadDim(d)
                        .optTheta(number("rope_theta"))
                        .optScaling(scaling())
                        .build();
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < integer("num_hidden_layers"); i++) {
            layers.add(
                    DecoderLayer.of(
                            residual(attention().optRotary(rotary).build()),
                            residual(feedForward())));
        }
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(integer("vocab_size"), e))
                .setLayers(layers)
                .setContextLength(integer("max_position_embeddings"))
                .optNorm(norm(e))
                .optRotary(rotary)
                .optHead(Linear.withoutBias(e, integer("vocab_size")))
                .build();
    }

    RotaryScaling scaling() {
        return RotaryScaling.none();
    }

    Residual residual(Block sublayer) {
        return Residual.pre(norm(e), sublayer);
    }

    RmsNorm norm(int channels) {
        return RmsNorm.builder().setChannels(channels).optEpsilon(number("rms_norm_eps")).build();
    }

    MultiHeadAttentionBuilder attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(e, h * d),
                        Linear.withoutBias(e, k * d),
                        Linear.withoutBias(e, k * d),
                        Linear.withoutBias(h * d, e))
                .setQueryHeads(h)
                .optKeyValueHeads(k)
                .optCausal(true);
    }

    GatedFeedForward feedForward() {
        return GatedFeedForward.of(
                Linear.withoutBias(e, f), Linear.withoutBias(e, f), Linear.withoutBias(f, e));
    }

    @Override
    String tensor(String path) {
        if (path.startsWith("head.")) {
            return "lm_" + path;
        }
        return ("model." + path)
                .replace("model.embedding.", "model.embed_tokens.")
                .replace("attention.norm.", "input_layernorm.")
                .replace("feedForward.norm.", "post_attention_layernorm.")
                .replace("attention.outputNorm.", "post_attention_layernorm.")
                .replace("feedForward.outputNorm.", "post_feedforward_layernorm.")
                .replace("attention.sublayer.queryKeyValue.", "self_attn.qkv_proj.")
                .replaceAll("attention\\.sublayer\\.(q|k)[a-z]+Norm\\.", "self_attn.$1_norm.")
                .replaceAll("attention\\.sublayer\\.(q|k|v)[a-z]+\\.", "self_attn.$1_proj.")
                .replace("attention.sublayer.output.", "self_attn.o_proj.")
                .replace("feedForward.sublayer.gateUp.", "mlp.gate_up_proj.")
                .replaceAll("feedForward\\.sublayer\\.(gate|up|down)\\.", "mlp.$1_proj.");
    }

    @Override
    long terms() {
        long layer = 3L * e + e + d + 2L * 13 + (long) h * d + f;
        return integer("num_hidden_layers") * layer + 2L * e;
    }
}

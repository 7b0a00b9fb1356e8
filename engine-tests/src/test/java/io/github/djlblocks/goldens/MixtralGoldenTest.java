package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Mixtral: grouped-query attention, two of four experts for each token. */
final class MixtralGoldenTest extends ComposedDecoderGoldens {

    private static final int TOKENS = 23;

    private final int e = integer("hidden_size");
    private final int f = integer("intermediate_size");
    private final int h = integer("num_attention_heads");
    private final int k = integer("num_key_value_heads");
    private final int d = integer("head_dim");

    MixtralGoldenTest() throws IOException, MalformedModelException {
        super("mixtral");
    }

    @Override
    CausalLanguageModel newModel() {
        RotaryEmbedding rotary =
                RotaryEmbedding.builder().setHeadDim(d).optTheta(number("rope_theta")).build();
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < integer("num_hidden_layers"); i++) {
            layers.add(
                    DecoderLayer.of(
                            Residual.pre(norm(), attention(rotary)),
                            Residual.pre(norm(), mixture())));
        }
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(integer("vocab_size"), e))
                .setLayers(layers)
                .setContextLength(integer("max_position_embeddings"))
                .optNorm(norm())
                .optRotary(rotary)
                .optHead(Linear.withoutBias(e, integer("vocab_size")))
                .build();
    }

    private RmsNorm norm() {
        return RmsNorm.builder().setChannels(e).optEpsilon(number("rms_norm_eps")).build();
    }

    private MultiHeadAttention attention(RotaryEmbedding rotary) {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(e, h * d),
                        Linear.withoutBias(e, k * d),
                        Linear.withoutBias(e, k * d),
                        Linear.withoutBias(h * d, e))
                .setQueryHeads(h)
                .optKeyValueHeads(k)
                .optCausal(true)
                .optRotary(rotary)
                .build();
    }

    private MixtureOfExperts mixture() {
        List<GatedFeedForward> experts = new ArrayList<>();
        for (int i = 0; i < integer("num_local_experts"); i++) {
            experts.add(
                    GatedFeedForward.of(
                            Linear.withoutBias(e, f),
                            Linear.withoutBias(e, f),
                            Linear.withoutBias(f, e)));
        }
        Router router =
                Router.builder()
                        .setHiddenSize(e)
                        .setExperts(experts.size())
                        .setExpertsPerToken(integer("num_experts_per_tok"))
                        .build();
        return MixtureOfExperts.builder().setRouter(router).setExperts(experts).build();
    }

    @Override
    String tensor(String path) {
        if (path.startsWith("head.")) {
            return path.replace("head.", "lm_head.");
        }
        return "model."
                + path.replace("embedding.", "embed_tokens.")
                        .replace("attention.norm.", "input_layernorm.")
                        .replace("feedForward.norm.", "post_attention_layernorm.")
                        .replaceAll("attention\\.sublayer\\.(q|k|v)[a-z]+\\.", "self_attn.$1_proj.")
                        .replace("attention.sublayer.output.", "self_attn.o_proj.")
                        .replace("feedForward.sublayer.", "block_sparse_moe.")
                        .replace(".gate.", ".w1.")
                        .replace(".up.", ".w3.")
                        .replace(".down.", ".w2.")
                        .replace(".router.", ".gate.");
    }

    @Override
    long terms() {
        long attention = 2L * e + d + 2L * TOKENS + (long) h * d;
        long mixture = 3L * e + f + integer("num_experts_per_tok");
        return integer("num_hidden_layers") * (attention + mixture) + 2L * e;
    }
}

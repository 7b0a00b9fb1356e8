package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.layer.ParallelResidual;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** GPT-NeoX: attention beside feed-forward, heads in groups of q, k, v, a quarter turned. */
final class GptNeoxGoldenTest extends ComposedDecoderGoldens {

    private static final int TOKENS = 23;

    private final int e = integer("hidden_size");
    private final int f = integer("intermediate_size");
    private final int h = integer("num_attention_heads");
    private final int d = e / h;

    GptNeoxGoldenTest() throws IOException, MalformedModelException {
        super("gpt_neox");
    }

    @Override
    CausalLanguageModel newModel() {
        RotaryEmbedding rotary =
                RotaryEmbedding.builder()
                        .setHeadDim(d)
                        .optRotaryDim((int) (d * number("rotary_pct")))
                        .optTheta(number("rotary_emb_base"))
                        .build();
        List<ParallelResidual> layers = new ArrayList<>();
        for (int i = 0; i < integer("num_hidden_layers"); i++) {
            layers.add(
                    ParallelResidual.of(
                            Residual.pre(norm(), attention(rotary)),
                            Residual.pre(norm(), feedForward())));
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

    private LayerNorm norm() {
        return LayerNorm.builder().setChannels(e).optEpsilon(number("layer_norm_eps")).build();
    }

    private MultiHeadAttention attention(RotaryEmbedding rotary) {
        return MultiHeadAttention.builder()
                .setFusedProjection(
                        Linear.withBias(e, 3 * e), FusedHeadLayout.GROUPED, Linear.withBias(e, e))
                .setQueryHeads(h)
                .optCausal(true)
                .optRotary(rotary)
                .build();
    }

    private FeedForward feedForward() {
        return FeedForward.of(
                Linear.withBias(e, f), Linear.withBias(f, e), ActivationFunction.GELU);
    }

    @Override
    String tensor(String path) {
        if (path.startsWith("head.")) {
            return path.replace("head.", "embed_out.");
        }
        return "gpt_neox."
                + path.replace("embedding.", "embed_in.")
                        .replaceAll("^norm\\.", "final_layer_norm.")
                        .replace("attention.norm.", "input_layernorm.")
                        .replace("feedForward.norm.", "post_attention_layernorm.")
                        .replace("attention.sublayer.queryKeyValue.", "attention.query_key_value.")
                        .replace("attention.sublayer.output.", "attention.dense.")
                        .replace("feedForward.sublayer.up.", "mlp.dense_h_to_4h.")
                        .replace("feedForward.sublayer.down.", "mlp.dense_4h_to_h.");
    }

    @Override
    long terms() {
        long layer = 4L * e + d + 2L * TOKENS + e + f;
        return integer("num_hidden_layers") * layer + 2L * e;
    }
}

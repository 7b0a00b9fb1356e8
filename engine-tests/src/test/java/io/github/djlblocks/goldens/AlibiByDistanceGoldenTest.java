package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.position.AlibiBias;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * BLOOM with the bias of the ALiBi paper, by distance: it differs from that by place of the key by
 * a constant of each query, which the softmax does not see.
 */
final class AlibiByDistanceGoldenTest extends ComposedDecoderGoldens {

    private static final int TOKENS = 23;

    private final int e = integer("hidden_size");
    private final int f = 4 * e;
    private final int h = integer("n_head");

    AlibiByDistanceGoldenTest() throws IOException, MalformedModelException {
        super("bloom");
    }

    @Override
    CausalLanguageModel newModel() {
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < integer("n_layer"); i++) {
            layers.add(
                    DecoderLayer.of(
                            Residual.pre(norm(), attention()),
                            Residual.pre(norm(), feedForward())));
        }
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(integer("vocab_size"), e))
                .optEmbeddingNorm(norm())
                .optPositionBias(AlibiBias.causal(h))
                .setLayers(layers)
                .setContextLength(TOKENS)
                .optNorm(norm())
                .build();
    }

    private LayerNorm norm() {
        return LayerNorm.builder().setChannels(e).optEpsilon(number("layer_norm_epsilon")).build();
    }

    private MultiHeadAttention attention() {
        return MultiHeadAttention.builder()
                .setFusedProjection(
                        Linear.withBias(e, 3 * e), FusedHeadLayout.GROUPED, Linear.withBias(e, e))
                .setQueryHeads(h)
                .optCausal(true)
                .build();
    }

    private FeedForward feedForward() {
        return FeedForward.of(
                Linear.withBias(e, f),
                Linear.withBias(f, e),
                ActivationFunction.geluTanh(0.79788456));
    }

    @Override
    String tensor(String path) {
        return "transformer."
                + path.replace("embedding.", "word_embeddings.")
                        .replace("embeddingNorm.", "word_embeddings_layernorm.")
                        .replaceAll("^norm\\.", "ln_f.")
                        .replace("layers.", "h.")
                        .replace("attention.norm.", "input_layernorm.")
                        .replace("feedForward.norm.", "post_attention_layernorm.")
                        .replace(
                                "attention.sublayer.queryKeyValue.",
                                "self_attention.query_key_value.")
                        .replace("attention.sublayer.output.", "self_attention.dense.")
                        .replace("feedForward.sublayer.up.", "mlp.dense_h_to_4h.")
                        .replace("feedForward.sublayer.down.", "mlp.dense_4h_to_h.");
    }

    @Override
    long terms() {
        long layer = 4L * e + e / h + 2L * TOKENS + e + f;
        return integer("n_layer") * layer + 3L * e;
    }
}

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
import io.github.djlblocks.position.LearnedPositions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** GPT-2: learned positions, one projection for queries, keys and values, tied head, Conv1D. */
final class Gpt2GoldenTest extends ComposedDecoderGoldens {

    private static final int TOKENS = 23;

    private final int e = integer("n_embd");
    private final int f = 4 * e;

    Gpt2GoldenTest() throws IOException, MalformedModelException {
        super("gpt2");
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
                .optPositions(LearnedPositions.of(integer("n_positions"), e))
                .setLayers(layers)
                .setContextLength(integer("n_positions"))
                .optNorm(norm())
                .build();
    }

    private LayerNorm norm() {
        return LayerNorm.builder().setChannels(e).optEpsilon(number("layer_norm_epsilon")).build();
    }

    private MultiHeadAttention attention() {
        return MultiHeadAttention.builder()
                .setFusedProjection(
                        Linear.withBias(e, 3 * e),
                        FusedHeadLayout.QUERY_KEY_VALUE,
                        Linear.withBias(e, e))
                .setQueryHeads(integer("n_head"))
                .optCausal(true)
                .build();
    }

    private FeedForward feedForward() {
        return FeedForward.of(
                Linear.withBias(e, f), Linear.withBias(f, e), ActivationFunction.GELU_TANH);
    }

    @Override
    String tensor(String path) {
        return "transformer."
                + path.replace("embedding.", "wte.")
                        .replace("positions.", "wpe.")
                        .replaceAll("^norm\\.", "ln_f.")
                        .replace("layers.", "h.")
                        .replace("attention.norm.", "ln_1.")
                        .replace("feedForward.norm.", "ln_2.")
                        .replace("attention.sublayer.queryKeyValue.", "attn.c_attn.")
                        .replace("attention.sublayer.output.", "attn.c_proj.")
                        .replace("feedForward.sublayer.up.", "mlp.c_fc.")
                        .replace("feedForward.sublayer.down.", "mlp.c_proj.");
    }

    @Override
    boolean isConv1d(String name) {
        return name.contains(".c_") && name.endsWith(".weight");
    }

    @Override
    long terms() {
        long layer = 4L * e + e / integer("n_head") + 2L * TOKENS + e + f;
        return integer("n_layer") * layer + 2L * e;
    }
}

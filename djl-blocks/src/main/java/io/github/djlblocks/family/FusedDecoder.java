package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.norm.LayerNorm;

/**
 * A decoder of the generation of GPT-2: layer norms, one projection for queries, keys and values,
 * and a feed-forward block with biases and without a gate.
 */
abstract class FusedDecoder extends DecoderFamily {

    private final double epsilon;
    private final int inner;
    private final ActivationFunction activation;

    FusedDecoder(
            ConfigReader json,
            Sizes sizes,
            double epsilon,
            int inner,
            ActivationFunction activation) {
        super(json, sizes);
        this.epsilon = epsilon;
        this.inner = inner;
        this.activation = activation;
    }

    @Override
    final LayerNorm norm() {
        return LayerNorm.builder().setChannels(sizes().hidden()).optEpsilon(epsilon).build();
    }

    final int headDim() {
        return headDim(sizes().hidden(), sizes().heads());
    }

    /** Causal attention of as many key/value heads as query heads. */
    final MultiHeadAttentionBuilder attention(FusedHeadLayout layout, boolean bias) {
        int e = headDim() * sizes().heads();
        return MultiHeadAttention.builder()
                .setFusedProjection(linear(e, 3 * e, bias), layout, linear(e, e, bias))
                .setQueryHeads(sizes().heads())
                .optCausal(true);
    }

    final Block feedForward() {
        int e = sizes().hidden();
        return FeedForward.of(Linear.withBias(e, inner), Linear.withBias(inner, e), activation);
    }
}

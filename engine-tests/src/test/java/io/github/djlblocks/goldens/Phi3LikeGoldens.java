package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.kernel.GateOrder;
import java.io.IOException;

/** Phi-3: one projection for queries, keys and values, and one for gate and up. */
abstract class Phi3LikeGoldens extends LlamaLikeGoldens {

    Phi3LikeGoldens(String family) throws IOException, MalformedModelException {
        super(family);
    }

    @Override
    final MultiHeadAttentionBuilder attention() {
        return super.attention()
                .setFusedProjection(
                        Linear.withoutBias(e, (h + 2 * k) * d),
                        FusedHeadLayout.QUERY_KEY_VALUE,
                        Linear.withoutBias(h * d, e));
    }

    @Override
    final GatedFeedForward feedForward() {
        return GatedFeedForward.builder()
                .setFusedProjection(Linear.withoutBias(e, 2 * f), GateOrder.GATE_FIRST)
                .setDown(Linear.withoutBias(f, e))
                .build();
    }
}

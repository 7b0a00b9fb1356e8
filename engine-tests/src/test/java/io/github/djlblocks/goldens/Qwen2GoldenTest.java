package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import java.io.IOException;

/** Qwen 2: biases of queries, keys and values, none of the output. */
final class Qwen2GoldenTest extends LlamaLikeGoldens {

    Qwen2GoldenTest() throws IOException, MalformedModelException {
        super("qwen2");
    }

    @Override
    MultiHeadAttentionBuilder attention() {
        return super.attention()
                .setProjections(
                        Linear.withBias(e, h * d),
                        Linear.withBias(e, k * d),
                        Linear.withBias(e, k * d),
                        Linear.withoutBias(h * d, e));
    }
}

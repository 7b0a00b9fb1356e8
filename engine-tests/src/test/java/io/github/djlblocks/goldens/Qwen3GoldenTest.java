package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import java.io.IOException;

/** Qwen 3: norms of the heads of queries and keys; heads wider than E / H. */
final class Qwen3GoldenTest extends LlamaLikeGoldens {

    Qwen3GoldenTest() throws IOException, MalformedModelException {
        super("qwen3");
    }

    @Override
    MultiHeadAttentionBuilder attention() {
        return super.attention().optHeadNorms(norm(d), norm(d));
    }
}

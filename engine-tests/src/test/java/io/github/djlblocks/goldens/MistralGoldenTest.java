package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import java.io.IOException;

/** Mistral: a sliding window, which counts the query itself. */
final class MistralGoldenTest extends LlamaLikeGoldens {

    MistralGoldenTest() throws IOException, MalformedModelException {
        super("mistral");
    }

    @Override
    MultiHeadAttentionBuilder attention() {
        return super.attention().optWindow(integer("sliding_window") - 1, -1);
    }
}

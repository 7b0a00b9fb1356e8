package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/**
 * BLOOM: a bias by place instead of positions, a norm of the embeddings, tied head.
 *
 * <p>Its GELU has 0.79788456 for {@code sqrt(2 / pi)}, which moves logits by 6e-10: in FLOAT64 that
 * is seen.
 */
final class BloomGoldenTest extends DecoderGoldens {

    BloomGoldenTest() throws IOException, MalformedModelException {
        super("hf/bloom");
    }

    @Override
    long terms() {
        long e = description().hiddenSize();
        return FusedTerms.of(description(), golden().shape("plain.input_ids").get(1), 4 * e) + e;
    }
}

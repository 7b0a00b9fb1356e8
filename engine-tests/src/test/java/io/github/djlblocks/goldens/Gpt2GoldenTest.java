package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** GPT-2: learned positions, one projection for queries, keys and values, tied head, Conv1D. */
final class Gpt2GoldenTest extends DecoderGoldens {

    Gpt2GoldenTest() throws IOException, MalformedModelException {
        super("hf/gpt2");
    }

    @Override
    long terms() {
        long inner = 4L * description().hiddenSize();
        return FusedTerms.of(description(), golden().shape("plain.input_ids").get(1), inner);
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** T5: pre-norm, RMS norm, a learned bias by distance, unscaled scores, no biases, a tied head. */
final class T5GoldenTest extends Seq2SeqGoldens {

    T5GoldenTest() throws IOException, MalformedModelException {
        super("hf/t5");
    }
}

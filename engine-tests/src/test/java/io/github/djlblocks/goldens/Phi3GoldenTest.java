package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Phi-3: one projection for queries, keys and values, and one for gate and up. */
final class Phi3GoldenTest extends RotaryDecoderGoldens {

    Phi3GoldenTest() throws IOException, MalformedModelException {
        super("hf/phi3");
    }
}

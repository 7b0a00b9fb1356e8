package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Mistral: a window of five tokens. */
final class MistralGoldenTest extends RotaryDecoderGoldens {

    MistralGoldenTest() throws IOException, MalformedModelException {
        super("hf/mistral");
    }
}

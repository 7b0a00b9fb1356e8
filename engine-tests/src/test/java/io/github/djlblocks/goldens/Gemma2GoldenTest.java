package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Gemma 2: sandwich norms of 1 + w, softcaps, a window in every other layer. */
final class Gemma2GoldenTest extends RotaryDecoderGoldens {

    Gemma2GoldenTest() throws IOException, MalformedModelException {
        super("hf/gemma2");
    }
}

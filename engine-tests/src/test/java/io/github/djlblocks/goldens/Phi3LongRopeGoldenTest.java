package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Phi-3 with LongRoPE, of sequences within the original length. */
final class Phi3LongRopeGoldenTest extends RotaryDecoderGoldens {

    Phi3LongRopeGoldenTest() throws IOException, MalformedModelException {
        super("hf/phi3_longrope_short");
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Mixtral: two of four experts for each token. */
final class MixtralGoldenTest extends RotaryDecoderGoldens {

    MixtralGoldenTest() throws IOException, MalformedModelException {
        super("hf/mixtral");
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Phi-3 with standard rotary frequencies. */
final class Phi3GoldenTest extends Phi3LikeGoldens {

    Phi3GoldenTest() throws IOException, MalformedModelException {
        super("phi3");
    }
}

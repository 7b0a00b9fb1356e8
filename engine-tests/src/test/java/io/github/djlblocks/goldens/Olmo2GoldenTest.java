package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** OLMo 2: norms of what sublayers give, and of the projections of queries and keys. */
final class Olmo2GoldenTest extends RotaryDecoderGoldens {

    Olmo2GoldenTest() throws IOException, MalformedModelException {
        super("hf/olmo2");
    }
}

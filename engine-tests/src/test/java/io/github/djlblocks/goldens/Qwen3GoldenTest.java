package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Qwen 3: norms of the heads of queries and keys; heads wider than E / H. */
final class Qwen3GoldenTest extends RotaryDecoderGoldens {

    Qwen3GoldenTest() throws IOException, MalformedModelException {
        super("hf/qwen3");
    }
}

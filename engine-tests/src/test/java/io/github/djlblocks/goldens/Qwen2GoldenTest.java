package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Qwen 2: biases of queries, keys and values, none of the output. */
final class Qwen2GoldenTest extends RotaryDecoderGoldens {

    Qwen2GoldenTest() throws IOException, MalformedModelException {
        super("hf/qwen2");
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Llama as it is in Llama 2: standard rotary frequencies, grouped-query attention. */
final class LlamaGoldenTest extends RotaryDecoderGoldens {

    LlamaGoldenTest() throws IOException, MalformedModelException {
        super("hf/llama");
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import java.io.IOException;

/** Llama with the rotary scaling of Llama 3.1. */
final class LlamaRopeLlama3GoldenTest extends RotaryDecoderGoldens {

    LlamaRopeLlama3GoldenTest() throws IOException, MalformedModelException {
        super("hf/llama_rope_llama3");
    }
}

package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.position.RotaryFrequencies;
import java.io.IOException;

/** GPT-NeoX: attention beside feed-forward, heads in groups of q, k, v, a quarter turned. */
final class GptNeoxGoldenTest extends RotaryDecoderGoldens {

    private static final int INNER = 48;

    GptNeoxGoldenTest() throws IOException, MalformedModelException {
        super("hf/gpt_neox");
    }

    @Override
    RotarySpec rotary(int layer) {
        return new RotarySpec(RotaryFrequencies.standard(10000, 2), RotaryLayout.HALF_SPLIT, 1);
    }

    @Override
    long terms() {
        return FusedTerms.of(description(), golden().shape("plain.input_ids").get(1), INNER);
    }
}

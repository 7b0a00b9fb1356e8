package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.position.RotaryFrequencies;
import java.io.IOException;
import java.util.Set;

/** DeepSeek-V3: latent attention, a dense layer, then experts in groups and a shared one. */
final class DeepseekV3GoldenTest extends RotaryDecoderGoldens {

    /** Channels of a head, of queries before, and of keys and values before. */
    private static final int PLAIN = 8;

    private static final int TURNED = 4;
    private static final int VALUE = 8;
    private static final int HEADS = 4;
    private static final int QUERY_RANK = 12;
    private static final int RANK = 8;
    private static final int EXPERT_INNER = 24;
    private static final int EXPERTS_PER_TOKEN = 2;

    DeepseekV3GoldenTest() throws IOException, MalformedModelException {
        super("hf/deepseek_v3");
    }

    @Override
    RotarySpec rotary(int layer) {
        return new RotarySpec(
                RotaryFrequencies.standard(10000, TURNED), RotaryLayout.HALF_SPLIT, 1);
    }

    @Override
    int firstTurned() {
        return PLAIN;
    }

    /** The reference caches the first of each turned pair, then the second. */
    @Override
    NDArray keysOfReference(NDArray keys) {
        NDList channels = new NDList(keys.get("..., :" + PLAIN));
        for (int second = 0; second < 2; second++) {
            for (int c = PLAIN + second; c < PLAIN + TURNED; c += 2) {
                channels.add(keys.get("..., " + c + ":" + (c + 1)));
            }
        }
        return NDArrays.concat(channels, 3);
    }

    /** What is added to scores for choosing alone. */
    @Override
    Set<String> tensorsWithoutGradient() {
        return Set.of("model.layers.1.mlp.gate.e_score_correction_bias");
    }

    @Override
    long terms() {
        long e = description().hiddenSize();
        long tokens = golden().shape("plain.input_ids").get(1);
        long queries = 2 * e + 2L * QUERY_RANK;
        long attention = queries + PLAIN + TURNED + 2 * tokens + RANK + (long) HEADS * VALUE;
        long mixture = 3 * e + EXPERT_INNER + EXPERTS_PER_TOKEN;
        return description().layers() * (attention + mixture) + 2 * e;
    }
}

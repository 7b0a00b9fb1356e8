package io.github.djlblocks.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;

/** Small blocks for tests of messages; no two sizes are the same. */
final class TestBlocks {

    static final int E = 10;
    static final int H = 4;
    static final int K = 2;
    static final int D = 6;
    static final int F = 14;

    private TestBlocks() {}

    /** Runs inference with a parameter store that copies nothing. */
    static NDArray infer(Block block, NDManager manager, NDList inputs) {
        return block.forward(new ParameterStore(manager, false), inputs, false).get(0);
    }

    static Block rmsNorm() {
        return RmsNorm.builder().setChannels(E).build();
    }

    static Block layerNorm() {
        return LayerNorm.builder().setChannels(E).build();
    }

    static GatedFeedForward feedForward() {
        return GatedFeedForward.of(
                Linear.withBias(E, F), Linear.withBias(E, F), Linear.withBias(F, E));
    }

    static MultiHeadAttention attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, H * D),
                        Linear.withBias(E, K * D),
                        Linear.withBias(E, K * D),
                        Linear.withBias(H * D, E))
                .setQueryHeads(H)
                .optKeyValueHeads(K)
                .optCausal(true)
                .optRotary(RotaryEmbedding.builder().setHeadDim(D).build())
                .build();
    }

    static DecoderLayer layer() {
        return DecoderLayer.of(
                Residual.pre(rmsNorm(), attention()), Residual.pre(rmsNorm(), feedForward()));
    }

    static DeepNorm.Constants constants() {
        return DeepNorm.Constants.decoderOnly(6);
    }
}

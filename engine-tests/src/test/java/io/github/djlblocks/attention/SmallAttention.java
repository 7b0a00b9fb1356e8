package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.position.RotaryEmbedding;

/** Small attention of random weights, and its passes. */
final class SmallAttention {

    static final int E = 6;

    private static final int D = 2;

    private SmallAttention() {}

    static MultiHeadAttentionBuilder builder() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, 4 * D),
                        Linear.withBias(E, 2 * D),
                        Linear.withBias(E, 2 * D),
                        Linear.withBias(4 * D, E))
                .setQueryHeads(4)
                .optKeyValueHeads(2);
    }

    static RotaryEmbedding rotary() {
        return RotaryEmbedding.builder().setHeadDim(D).build();
    }

    /** Latent attention of three heads: Dn 4, Dr 2, Dv 3, R 5. */
    static MultiHeadLatentAttentionBuilder latent() {
        return MultiHeadLatentAttention.builder()
                .setQuery(Linear.withoutBias(E, 3 * (4 + D)))
                .setLatent(
                        Linear.withoutBias(E, 5 + D),
                        RmsNorm.builder().setChannels(5).build(),
                        Linear.withoutBias(5, 3 * (4 + 3)))
                .setOutput(Linear.withoutBias(3 * 3, E))
                .setHeads(3)
                .setRotary(rotary())
                .optCausal(true);
    }

    static <T extends Block> T initialized(T block, NDManager manager) {
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 1, E));
        return block;
    }

    static NDArray random(NDManager manager, long seed, long... shape) {
        return RandomTensors.toNDArray(
                manager, RandomTensors.normal(seed, shape), new Shape(shape), DataType.FLOAT32);
    }

    static NDArray forward(Block block, NDArray x, AttentionContext context) {
        ParameterStore store = new ParameterStore(x.getManager(), false);
        return block.forward(store, new NDList(x), false, context.toParams()).get(0);
    }

    /** Two passes over the same numbers, summed otherwise: both may be off. */
    static Tolerance twoPasses() {
        return Tolerance.of(DataType.FLOAT32, E + D + 8 + 4 * D, 2 * 4);
    }
}

package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/** A block of one input and one output. */
public abstract class UnaryBlock extends KernelBlock {

    private final String layout;

    /**
     * Creates a block without parameters or children.
     *
     * @param layout its input, for messages, as in {@code x (B, S, E)}
     */
    protected UnaryBlock(String layout) {
        this.layout = layout;
    }

    /**
     * Computes the shape of the output.
     *
     * @param input the shape of the input; -1 stands for an unknown batch size or length
     * @return the shape of the output
     * @throws IllegalArgumentException if this block cannot take such an input
     */
    protected abstract Shape outputShape(Shape input);

    /**
     * Computes the output. Every other array made here is closed afterwards.
     *
     * @param store where the parameters' values are
     * @param x the input, already checked by {@link #outputShape}
     * @param training whether this is a training pass
     * @param params what the caller passes along, or none
     * @return the output
     */
    protected abstract NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params);

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        requireInputs(inputShapes, layout, 1);
        return new Shape[] {outputShape(inputShapes[0])};
    }

    @Override
    protected final NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return new NDList(compute(store, inputs.singletonOrThrow(), training, params));
    }
}

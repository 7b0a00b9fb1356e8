package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What changes a {@link Linear} in the passes that choose it by name, as {@link AdapterChoice}
 * says: a block with parameters of its own, of the inputs x (..., in) and y (..., out), what the
 * map makes of x, and of the output y', (..., out).
 */
public abstract class LinearAdapter extends KernelBlock {

    private static final AtomicLong VERSIONS = new AtomicLong();

    private final long serial = VERSIONS.incrementAndGet();
    private final int inputs;
    private final int outputs;

    /**
     * Creates an adapter without parameters.
     *
     * @param base the map it is for
     */
    protected LinearAdapter(Linear base) {
        inputs = base.getInputs();
        outputs = base.getOutputs();
    }

    /**
     * Changes the output of the map.
     *
     * @param store where the parameters' values are
     * @param x (..., in)
     * @param y what the map makes of it, (..., out)
     * @param training whether this is a training pass
     * @return (..., out)
     */
    protected abstract NDArray adapt(ParameterStore store, NDArray x, NDArray y, boolean training);

    /**
     * Changes the weight itself, so that the map does alone what it does with this adapter.
     *
     * @param store where the parameters' values are
     * @param weight (out, in)
     * @param training whether this is a training pass
     * @return (out, in)
     * @throws IllegalStateException if no weight does that
     */
    protected abstract NDArray adaptWeight(ParameterStore store, NDArray weight, boolean training);

    /**
     * Changes the bias, likewise.
     *
     * @param store where the parameters' values are
     * @param bias (out), or none
     * @return (out), or none
     * @throws IllegalStateException if no bias does that
     */
    protected abstract @Nullable NDArray adaptBias(ParameterStore store, @Nullable NDArray bias);

    /** Tells it from every other one, of the same name too. */
    final long version() {
        return serial;
    }

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        requireInputs(inputShapes, "x (..., " + inputs + "), y (..., " + outputs + ")", 2);
        return new Shape[] {inputShapes[1]};
    }

    @Override
    protected final NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return new NDList(adapt(store, inputs.get(0), inputs.get(1), training));
    }
}

package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import org.jspecify.annotations.Nullable;

/**
 * Positions as a bias of attention scores: computed once a pass, added to the scores of every layer
 * that shares it.
 *
 * <p>As a block: positions of the queries (B, S) or (1, S) and of the keys (B, T) or (1, T), INT64
 * or INT32, to the bias (B | 1, H, S, T), of the type the block was initialised with.
 */
public abstract sealed class PositionBias extends KernelBlock
        permits AlibiBias, RelativePositionBias {

    private final int heads;
    private DataType dataType = DataType.FLOAT32;

    PositionBias(int heads) {
        this.heads = Checks.positive("heads", heads);
    }

    /** The bias, of a type where there is no parameter to have one. */
    abstract NDArray compute(
            ParameterStore store, NDArray queries, NDArray keys, DataType type, boolean training);

    /** How many positions of queries the bias tells apart, of so many. */
    abstract long queryRows(long length);

    /**
     * Returns the number of heads.
     *
     * @return H
     */
    public final int getHeads() {
        return heads;
    }

    /**
     * Computes the bias of a pass over tokens that follow others: queries at {@code past .. past +
     * S - 1}, keys at {@code 0 .. past + S - 1}.
     *
     * @param store where the parameters' values are
     * @param x (B, S, E), floating: the bias has its length and type
     * @param training whether this is a training pass
     * @param past how many tokens have passed, one number for every row or one for each
     * @return (1, H, S, past + S); or (B, H, S, T), T that of the longest row
     */
    public final NDArray bias(ParameterStore store, NDArray x, boolean training, Past past) {
        Kernels kernels = Kernels.of(x);
        NDArray queries = kernels.positions(x, 1, past);
        NDArray keys = kernels.keyPositions(x, 1, past);
        return bias(store, queries, keys, x.getDataType(), training);
    }

    /**
     * Computes the bias for given positions.
     *
     * @param store where the parameters' values are
     * @param queries positions of the queries, INT64 or INT32, (B, S) or (1, S)
     * @param keys positions of the keys, INT64 or INT32, (B, T) or (1, T)
     * @param type the type of the scores
     * @param training whether this is a training pass
     * @return (B | 1, H, S, T)
     */
    public final NDArray bias(
            ParameterStore store, NDArray queries, NDArray keys, DataType type, boolean training) {
        return compute(store, queries, keys, Checks.floating(type), training);
    }

    @Override
    public final void initialize(NDManager manager, DataType type, Shape... inputShapes) {
        super.initialize(manager, type, inputShapes);
        dataType = type;
    }

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        String layout = "positions of queries (B, S), positions of keys (B, T)";
        requireInputs(inputShapes, layout, 2);
        String name = getClass().getSimpleName();
        Checks.rank(name, inputShapes[0], layout, 2);
        Checks.rank(name, inputShapes[1], layout, 2);
        long q = inputShapes[0].get(0);
        long k = inputShapes[1].get(0);
        long batch = q == -1 || k == -1 ? -1 : Math.max(q, k);
        return new Shape[] {
            new Shape(batch, heads, queryRows(inputShapes[0].get(1)), inputShapes[1].get(1))
        };
    }

    @Override
    protected final NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return new NDList(compute(store, inputs.get(0), inputs.get(1), dataType, training));
    }
}

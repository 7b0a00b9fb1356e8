package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/** Adds to each token the row of its index: {@code y = x + rows(indices)}. */
abstract class AddedRows extends KernelBlock {

    private final String indexName;
    private final int channels;

    AddedRows(String indexName, int channels) {
        this.indexName = indexName;
        this.channels = Checks.positive("hiddenSize", channels);
    }

    /** The rows of indices, (B, S, E) or (1, S, E). */
    abstract NDArray rows(ParameterStore store, NDArray indices, NDArray x, boolean training);

    /** The indices of tokens that come without. */
    abstract NDArray indicesOf(Kernels kernels, NDArray x);

    /**
     * Returns the number of channels.
     *
     * @return E
     */
    public final int getHiddenSize() {
        return channels;
    }

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        String name = getClass().getSimpleName();
        if (inputShapes.length != 1 && inputShapes.length != 2) {
            throw new IllegalArgumentException(
                    name
                            + " takes x (B, S, E) and optionally "
                            + indexName
                            + " (B, S), got "
                            + inputShapes.length
                            + " inputs");
        }
        Checks.rank(name, inputShapes[0], "x (B, S, E)", 3);
        Checks.lastAxis(name, inputShapes[0], "hiddenSize", channels);
        return new Shape[] {inputShapes[0]};
    }

    @Override
    protected final NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        requireFloating(x);
        Kernels kernels = Kernels.of(x);
        NDArray indices = inputs.size() == 2 ? inputs.get(1) : indicesOf(kernels, x);
        return new NDList(kernels.addRows(x, rows(store, indices, x, training)));
    }
}

package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/** A norm, which keeps the shape of its input. */
abstract class Norm extends UnaryBlock {

    private final ChannelAxes axes;

    Norm(ChannelAxes axes) {
        super(axes.layout());
        this.axes = axes;
    }

    abstract NDArray normalize(Kernels kernels, ParameterStore store, NDArray x, boolean training);

    /** Checks what the axes of the channels do not tell. */
    void checkShape(Shape input) {}

    @Override
    protected final Shape outputShape(Shape input) {
        axes.check(getClass().getSimpleName(), input);
        checkShape(input);
        return input;
    }

    @Override
    protected final NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        requireFloating(x);
        return normalize(Kernels.of(x), store, x, training);
    }
}

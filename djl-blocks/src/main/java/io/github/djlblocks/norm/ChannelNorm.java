package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/** A norm over the last axis, which keeps the shape of its input. */
abstract class ChannelNorm extends UnaryBlock {

    private final int channels;

    ChannelNorm(int channels) {
        super("x (..., " + channels + ")");
        this.channels = Checks.positive("channels", channels);
    }

    /** The shape of a weight or a bias. */
    final Shape channelShape() {
        return new Shape(channels);
    }

    abstract NDArray normalize(Kernels kernels, ParameterStore store, NDArray x, boolean training);

    @Override
    protected final Shape outputShape(Shape input) {
        Checks.lastAxis(getClass().getSimpleName(), input, "channels", channels);
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

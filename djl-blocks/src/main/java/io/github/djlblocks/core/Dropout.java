package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Dropout with inverted scaling: in training each element is 0 with probability {@code rate}, any
 * other {@code x / (1 - rate)}; for inference the input itself.
 *
 * <p>x and y have the same shape, any. Srivastava et al., JMLR 15, 2014; as {@code
 * torch.nn.Dropout}. DJL's own {@link ai.djl.nn.norm.Dropout} computes the same where it runs: on
 * MXNet it refuses a training pass outside of a gradient collector.
 */
public final class Dropout extends UnaryBlock {

    private final double rate;

    private Dropout(double rate) {
        super("x (...)");
        this.rate = Checks.rate("rate", rate);
    }

    /**
     * Creates the block.
     *
     * @param rate the share of elements that is dropped, from 0 to below 1
     * @return the block
     * @throws IllegalArgumentException if the rate is out of range
     */
    public static Dropout of(double rate) {
        return new Dropout(rate);
    }

    @Override
    protected Shape outputShape(Shape input) {
        return input;
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        requireFloating(x);
        return training && rate > 0 ? Kernels.of(x).dropout(x, rate) : x;
    }
}

package io.github.djlblocks.activation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Randomized leaky ReLU: in training each element below 0 is given a slope of its own at random.
 *
 * <p>{@code y = x} above 0, else {@code a x}; derivative 1 above 0, else a. In training a is
 * uniform between two bounds, drawn anew for each element and pass; in inference it is their mean.
 * x and y have the same shape.
 *
 * <p>Xu et al., arXiv 1505.00853; as {@code torch.nn.RReLU}.
 */
public final class RRelu extends UnaryBlock {

    private final double lower;
    private final double upper;
    private final ActivationFunction mean;

    private RRelu(double lower, double upper) {
        super("x (...)");
        if (!(lower <= upper) || !Double.isFinite(lower) || !Double.isFinite(upper)) {
            throw new IllegalArgumentException(
                    "lower ("
                            + lower
                            + ") and upper ("
                            + upper
                            + ") must be finite numbers in this order");
        }
        this.lower = lower;
        this.upper = upper;
        mean = ActivationFunction.leakyRelu((lower + upper) / 2);
    }

    /**
     * Creates a block with PyTorch's bounds, 1/8 and 1/3.
     *
     * @return the block
     */
    public static RRelu standard() {
        return of(1.0 / 8, 1.0 / 3);
    }

    /**
     * Creates a block.
     *
     * @param lower the smallest slope
     * @param upper the largest slope
     * @return the block
     * @throws IllegalArgumentException if they are not finite or not in this order
     */
    public static RRelu of(double lower, double upper) {
        return new RRelu(lower, upper);
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
        Kernels kernels = Kernels.of(x);
        return training && lower < upper
                ? kernels.randomizedRelu(x, lower, upper)
                : kernels.activation(x, mean);
    }
}

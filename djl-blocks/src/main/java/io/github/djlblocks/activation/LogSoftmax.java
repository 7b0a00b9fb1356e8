package io.github.djlblocks.activation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * The logarithm of softmax along an axis.
 *
 * <p>{@code y_i = x_i - ln sum_j e^x_j}, gradient {@code dx = dy - e^y sum(dy)}, x and y of any one
 * shape; as {@code torch.nn.LogSoftmax}. A line of minus infinities is NaN.
 */
public final class LogSoftmax extends UnaryBlock {

    private final int axis;

    private LogSoftmax(int axis) {
        super("x (...)");
        this.axis = axis;
    }

    /**
     * Creates a block.
     *
     * @param axis counted from the end if negative: -1 for the last
     * @return the block
     */
    public static LogSoftmax of(int axis) {
        return new LogSoftmax(axis);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Axes.counted("LogSoftmax", input, axis);
        return input;
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        requireFloating(x);
        return Kernels.of(x).logSoftmax(x, axis);
    }
}

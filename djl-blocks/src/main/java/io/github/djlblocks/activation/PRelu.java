package io.github.djlblocks.activation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Parametric ReLU: a leaky ReLU that learns its slope, one for all elements or one a channel.
 *
 * <p>{@code y = x} above 0, else {@code w x}; derivative 1 above 0, else w, and by w {@code min(x,
 * 0)}. x and y have the same shape; {@code weight} w, (1) or (C), is 0.25 at first.
 *
 * <p>He et al., arXiv 1502.01852; as {@code torch.nn.PReLU}, whose channels are axis 1.
 */
public final class PRelu extends UnaryBlock {

    private static final float INITIAL_SLOPE = 0.25f;

    private final int channels;
    private final int axis;
    private final Parameter weight;

    private PRelu(int channels, int axis) {
        super(channels == 1 ? "x (...)" : "x with " + channels + " channels at axis " + axis);
        this.channels = Checks.positive("channels", channels);
        this.axis = axis;
        weight =
                addParameter("weight", new Shape(channels), new ConstantInitializer(INITIAL_SLOPE));
    }

    /**
     * Creates a block of one slope.
     *
     * @return the block
     */
    public static PRelu shared() {
        return new PRelu(1, -1);
    }

    /**
     * Creates a block of one slope a channel.
     *
     * @param channels C, at least 1
     * @param axis the axis of the channels, counted from the end if negative: -1 for (B, S, C), 1
     *     for (B, C, H, W)
     * @return the block
     * @throws IllegalArgumentException if there is no channel
     */
    public static PRelu perChannel(int channels, int axis) {
        return new PRelu(channels, axis);
    }

    @Override
    protected Shape outputShape(Shape input) {
        int counted = Axes.counted("PRelu", input, axis);
        long found = channels == 1 ? 1 : input.get(counted);
        if (found != channels && found != -1) {
            throw new IllegalArgumentException(
                    "PRelu: axis "
                            + axis
                            + " of the input "
                            + input
                            + " must be channels ("
                            + channels
                            + ")");
        }
        return input;
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        int counted = Axes.counted("PRelu", x.getShape(), axis);
        return Kernels.of(x).parametricRelu(x, value(store, weight, x, training), counted);
    }
}

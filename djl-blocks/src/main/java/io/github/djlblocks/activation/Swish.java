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
 * Swish that learns its beta, one for all elements or one a channel.
 *
 * <p>{@code y = x s(beta x)}, {@code s(x) = 1 / (1 + e^-x)}; derivative {@code s(beta x) (1 + beta
 * x s(-beta x))}, and by beta {@code x^2 s(beta x) s(-beta x)}. x and y are (..., E); {@code beta},
 * (1) or (E), is 1 at first. With a fixed beta: {@link
 * io.github.djlblocks.kernel.ActivationFunction#swish}.
 *
 * <p>Ramachandran, Zoph and Le, arXiv 1710.05941.
 */
public final class Swish extends UnaryBlock {

    private final int channels;
    private final Parameter beta;

    private Swish(int channels) {
        super(channels == 1 ? "x (...)" : "x (..., " + channels + ")");
        this.channels = Checks.positive("channels", channels);
        beta = addParameter("beta", new Shape(channels), new ConstantInitializer(1));
    }

    /**
     * Creates a block of one beta.
     *
     * @return the block
     */
    public static Swish shared() {
        return new Swish(1);
    }

    /**
     * Creates a block of one beta for each channel of the last axis.
     *
     * @param channels E, at least 1
     * @return the block
     * @throws IllegalArgumentException if there is no channel
     */
    public static Swish perChannel(int channels) {
        return new Swish(channels);
    }

    @Override
    protected Shape outputShape(Shape input) {
        if (channels > 1) {
            Checks.lastAxis("Swish", input, "channels", channels);
        }
        return input;
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return Kernels.of(x).swish(x, value(store, beta, x, training));
    }
}

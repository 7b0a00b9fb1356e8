package io.github.djlblocks.layer;

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
 * LayerScale: a learnt factor for each channel of what a sublayer adds to the residual stream.
 *
 * <p>{@code y = gamma * x}, x and y (..., E), {@code weight} gamma (E).
 *
 * <p>Touvron et al. (CaiT), arXiv 2103.17239; as {@code LayerScale} of timm.
 */
public final class LayerScale extends UnaryBlock {

    private final int channels;
    private final Parameter weight;

    private LayerScale(int channels, double initial) {
        super("x (..., " + channels + ")");
        this.channels = Checks.positive("channels", channels);
        if (!Double.isFinite(initial)) {
            throw new IllegalArgumentException("initial (" + initial + ") must be finite");
        }
        weight =
                addParameter(
                        "weight", new Shape(channels), new ConstantInitializer((float) initial));
    }

    /**
     * Creates the block.
     *
     * @param channels E, at least 1
     * @param initial what each factor starts as, finite; the paper has 0.1 up to 18 layers, 1e-5 up
     *     to 24, 1e-6 beyond
     * @return the block
     * @throws IllegalArgumentException if a value is out of range
     */
    public static LayerScale of(int channels, double initial) {
        return new LayerScale(channels, initial);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.lastAxis("LayerScale", input, "channels", channels);
        return input;
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return Kernels.of(x).scale(x, value(store, weight, x, training));
    }
}

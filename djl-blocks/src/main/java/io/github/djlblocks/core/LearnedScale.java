package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Multiplication by one learnt number: {@code y = s * x}.
 *
 * <p>x and y have the same shape, any; {@code weight} s (1). Starting at {@code sqrt(E)}, it is
 * what language models with Dynamic Tanh have after their embedding (Zhu et al., arXiv 2503.10622).
 */
public final class LearnedScale extends UnaryBlock {

    private final Parameter weight;

    private LearnedScale(double initial) {
        super("x (...)");
        if (!Double.isFinite(initial)) {
            throw new IllegalArgumentException("initial (" + initial + ") must be finite");
        }
        weight = addParameter("weight", new Shape(1), new ConstantInitializer((float) initial));
    }

    /**
     * Creates the block.
     *
     * @param initial what the number starts as, finite
     * @return the block
     * @throws IllegalArgumentException if the number is not finite
     */
    public static LearnedScale of(double initial) {
        return new LearnedScale(initial);
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
        return Kernels.of(x).scale(x, value(store, weight, x, training));
    }
}

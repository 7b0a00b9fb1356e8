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
 * An elementwise activation function as a block: {@code y = f(x)}, x and y of any one shape.
 *
 * <p>Formulas, derivatives and sources: {@link io.github.djlblocks.kernel.ActivationKind}. By name:
 * {@link Activations}.
 */
public final class ActivationBlock extends UnaryBlock {

    private final ActivationFunction function;

    private ActivationBlock(ActivationFunction function) {
        super("x (...)");
        this.function = function;
    }

    /**
     * Creates a block.
     *
     * @param function the function
     * @return the block
     */
    public static ActivationBlock of(ActivationFunction function) {
        return new ActivationBlock(function);
    }

    /**
     * Returns the function.
     *
     * @return what is applied to every element
     */
    public ActivationFunction getFunction() {
        return function;
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
        return Kernels.of(x).activation(x, function);
    }
}

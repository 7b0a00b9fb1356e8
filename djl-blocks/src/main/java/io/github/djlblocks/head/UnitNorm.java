package io.github.djlblocks.head;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Vectors of unit length, whose dot product is their cosine: {@code y = x / max(||x||, epsilon)}.
 *
 * <p>x and y have the same shape, (..., E); zeros stay zeros. As {@code
 * torch.nn.functional.normalize} and {@code sentence_transformers.models.Normalize}.
 */
public final class UnitNorm extends UnaryBlock {

    private static final double EPSILON = 1e-12;

    private final double epsilon;

    private UnitNorm(double epsilon) {
        super("x (..., E)");
        this.epsilon = Checks.positive("epsilon", epsilon);
    }

    /**
     * Creates the block with epsilon 1e-12, the default of PyTorch.
     *
     * @return the block
     */
    public static UnitNorm create() {
        return new UnitNorm(EPSILON);
    }

    /**
     * Creates the block.
     *
     * @param epsilon the least divisor, above 0
     * @return the block
     * @throws IllegalArgumentException if epsilon is not a positive number
     */
    public static UnitNorm of(double epsilon) {
        return new UnitNorm(epsilon);
    }

    @Override
    protected Shape outputShape(Shape input) {
        if (input.dimension() == 0) {
            throw new IllegalArgumentException("UnitNorm: the input () has no channels");
        }
        return input;
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        requireFloating(x);
        return Kernels.of(x).unitNorm(x, epsilon);
    }
}

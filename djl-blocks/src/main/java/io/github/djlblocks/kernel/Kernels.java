package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * The numeric primitives of the library: arrays in, arrays out, no parameters, no state.
 *
 * <p>Every block computes through this interface and through nothing else, so a block is written
 * once and runs on whatever stands behind it. {@link #of(NDArray)} chooses by the array: an array
 * that is a {@link KernelSource} brings its own primitives, any other gets the portable ones, which
 * are compositions of DJL operations that every engine has and can differentiate.
 *
 * <p>Shapes: {@code B} batch, {@code S} query length, {@code T} key length, {@code H} query heads,
 * {@code K} key/value heads, {@code D} channels of a head, {@code E} channels of the model. An
 * output has the data type of its first floating input; FLOAT16 is widened to FLOAT32 where sums,
 * exponentials or squares are taken, and cast back. Sizes that a block can check against its
 * configuration are checked there; what depends on several arrays is checked here. Violations are
 * {@link IllegalArgumentException}s that name both values.
 */
public interface Kernels
        extends NormKernels,
                ActivationKernels,
                PositionKernels,
                AttentionKernels,
                CacheKernels,
                RandomKernels,
                RoutingKernels,
                SequenceKernels,
                AdapterKernels {

    /**
     * Returns the primitives for an array.
     *
     * @param array the first operand
     * @return its own primitives if it brings some, else the portable ones
     */
    static Kernels of(NDArray array) {
        return array instanceof KernelSource source ? source.kernels() : PortableKernels.INSTANCE;
    }

    /**
     * Adds: {@code y = alpha * x + r}.
     *
     * @param x an array
     * @param alpha its factor; 1 costs nothing
     * @param r an array of the same shape
     * @return the sum, of the same shape
     */
    NDArray add(NDArray x, double alpha, NDArray r);

    /**
     * Multiplies by a constant: {@code y = factor * x}.
     *
     * @param x any shape
     * @param factor the constant; 1 costs nothing
     * @return the same shape
     */
    NDArray scale(NDArray x, double factor);

    /**
     * Multiplies channels by learnt factors: {@code y = x * factor}.
     *
     * @param x (..., E)
     * @param factor (E), or (1) for one factor of all
     * @return (..., E)
     */
    NDArray scale(NDArray x, NDArray factor);

    /**
     * Applies a linear map to the last axis: {@code y = x W^T + b}.
     *
     * @param x (..., in)
     * @param weight (out, in)
     * @param bias (out), or none
     * @return (..., out)
     */
    NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias);

    /**
     * Looks up rows of a table. An index outside the table is an error on every engine, also where
     * the engine itself would clip it.
     *
     * @param ids integers, (B, S)
     * @param table (V, E)
     * @return (B, S, E)
     */
    NDArray embedding(NDArray ids, NDArray table);

    /**
     * Takes the last position of a sequence.
     *
     * @param x (B, S, E)
     * @return (B, 1, E)
     */
    NDArray lastPosition(NDArray x);

    /**
     * Finds the index of the largest value of the last axis; of equal ones, the first.
     *
     * @param x (B, S, V)
     * @return INT64, (B, S)
     */
    NDArray argMax(NDArray x);

    /**
     * Tells whether every value is a finite number. This reads a result back to the host.
     *
     * @param x any shape, floating
     * @return false if there is an infinity or a NaN
     */
    boolean isFinite(NDArray x);
}

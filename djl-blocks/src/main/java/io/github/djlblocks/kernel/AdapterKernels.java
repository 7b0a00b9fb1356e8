package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/** What adapters add to linear maps. Shapes and errors as in {@link Kernels}; {@code r} rank. */
public interface AdapterKernels {

    /**
     * Applies a map of low rank to the last axis: {@code y = (x A^T) B^T + b}. Compiled, it stays
     * in the type of activations whatever the weights of the model are packed in.
     *
     * @param x (..., in)
     * @param down A (r, in)
     * @param up B (out, r)
     * @param bias b (out), or none
     * @return (..., out)
     */
    NDArray lowRank(NDArray x, NDArray down, NDArray up, @Nullable NDArray bias);

    /**
     * Adds a product of low rank to a matrix: {@code W + factor * B A}.
     *
     * @param weight W (out, in)
     * @param down A (r, in)
     * @param up B (out, r)
     * @param factor a constant
     * @return (out, in)
     */
    NDArray addLowRank(NDArray weight, NDArray down, NDArray up, double factor);

    /**
     * Divides magnitudes by the lengths of the rows of a matrix: {@code m_i / ||V_i||}. The lengths
     * are constants to the gradient, which reaches the magnitudes alone.
     *
     * @param magnitude m (out)
     * @param matrix V (out, in)
     * @return (out)
     */
    NDArray perRowLength(NDArray magnitude, NDArray matrix);

    /**
     * Multiplies the rows of a matrix: {@code f_i V_i}.
     *
     * @param matrix V (out, in)
     * @param factors f (out)
     * @return (out, in)
     */
    NDArray scaleRows(NDArray matrix, NDArray factors);

    /**
     * Measures the rows of a matrix: {@code ||V_i||}.
     *
     * @param matrix V (out, in)
     * @return (out)
     */
    NDArray rowLengths(NDArray matrix);

    /**
     * Writes values into the memory of an array. No gradient sees it.
     *
     * @param target is changed; may want a gradient
     * @param values of the same shape and type
     */
    void overwrite(NDArray target, NDArray values);
}

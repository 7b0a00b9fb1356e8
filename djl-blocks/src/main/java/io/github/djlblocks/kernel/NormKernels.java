package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/** Normalisation. Shapes and errors as in {@link Kernels}. */
public interface NormKernels {

    /**
     * Root-mean-square normalisation over the last axis.
     *
     * @param x (..., E)
     * @param weight (E), or none
     * @param spec epsilon, its place, and the order of casts
     * @return (..., E)
     */
    NDArray rmsNorm(NDArray x, @Nullable NDArray weight, RmsNormSpec spec);

    /**
     * Layer normalisation over the last axis: {@code (x - mean) / sqrt(var + epsilon) * w + b}, the
     * variance divided by E.
     *
     * @param x (..., E)
     * @param weight (E), or none
     * @param bias (E), or none
     * @param epsilon added to the variance
     * @return (..., E)
     */
    NDArray layerNorm(NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, double epsilon);

    /**
     * Dynamic tanh: {@code tanh(alpha * x) * w + b}.
     *
     * @param x (..., E)
     * @param alpha (1)
     * @param weight (E), or none
     * @param bias (E), or none
     * @return (..., E)
     */
    NDArray dynamicTanh(NDArray x, NDArray alpha, @Nullable NDArray weight, @Nullable NDArray bias);
}

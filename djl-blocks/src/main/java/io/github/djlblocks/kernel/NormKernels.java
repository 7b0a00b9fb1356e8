package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * Normalisation. Shapes and errors as in {@link Kernels}; {@code N} stands for the trailing axes
 * normalised over, of {@code n} elements.
 *
 * <p>Squares are taken as they are, as in the references: from {@code ||x|| = 1.8e19} on in
 * FLOAT32, where their sum is infinite, PyTorch makes a row 0 before the bias, as the references
 * do, and MXNet, whose sums carry a correction, NaN.
 */
public interface NormKernels {

    /**
     * Root-mean-square normalisation: {@code x / rms(x) * w + b}.
     *
     * @param x (..., N)
     * @param weight N, or a single element, or none
     * @param bias N, or none
     * @param spec epsilon, its place, the order of casts, the axes and what is measured
     * @return (..., N)
     */
    NDArray rmsNorm(NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, RmsNormSpec spec);

    /**
     * Layer normalisation: {@code (x - mean) / sqrt(var + epsilon) * w + b}.
     *
     * @param x (..., N)
     * @param weight N, or none
     * @param bias N, or none
     * @param spec epsilon, its place, the variance, the weight and the axes
     * @return (..., N)
     */
    NDArray layerNorm(
            NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, LayerNormSpec spec);

    /**
     * Scale normalisation over the last axis: {@code g * x / max(||x||, epsilon)}.
     *
     * @param x (..., E)
     * @param gain g (1)
     * @param epsilon the smallest divisor, above 0
     * @return (..., E)
     */
    NDArray scaleNorm(NDArray x, NDArray gain, double epsilon);

    /**
     * Group normalisation: {@code (x - mean) / sqrt(var + epsilon) * w + b}, with mean and variance
     * of each group of channels of each sample.
     *
     * @param x (B, C, ...)
     * @param weight (C), or none
     * @param bias (C), or none
     * @param groups divides C; C of them make it instance normalisation
     * @param epsilon added to the variance, which is divided by n
     * @return (B, C, ...)
     */
    NDArray groupNorm(
            NDArray x,
            @Nullable NDArray weight,
            @Nullable NDArray bias,
            int groups,
            double epsilon);

    /**
     * Dynamic tanh: {@code tanh(alpha * x) * w + b}.
     *
     * @param x (..., N), or (B, C, ...) where channels come first
     * @param alpha (1)
     * @param weight N or (C), or none
     * @param bias N or (C), or none
     * @param channelsFirst whether weight and bias belong to axis 1
     * @return the shape of x
     */
    NDArray dynamicTanh(
            NDArray x,
            NDArray alpha,
            @Nullable NDArray weight,
            @Nullable NDArray bias,
            boolean channelsFirst);
}

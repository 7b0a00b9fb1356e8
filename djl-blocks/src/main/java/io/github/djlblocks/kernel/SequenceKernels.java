package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/** What heads do with sequences and losses with logits. Shapes and errors as in {@link Kernels}. */
public interface SequenceKernels {

    /**
     * Makes one vector of a sequence.
     *
     * @param x (B, S, E)
     * @param attentionMask 1 (or true) where a token stands, 0 where padding stands, (B, S) or (1,
     *     S); or none for tokens everywhere
     * @param pooling how
     * @return (B, E)
     */
    NDArray pool(NDArray x, @Nullable NDArray attentionMask, Pooling pooling);

    /**
     * Takes one channel.
     *
     * @param x (..., E)
     * @param channel 0 to E - 1
     * @return (...)
     */
    NDArray channel(NDArray x, int channel);

    /**
     * Scales to unit length along the last axis: {@code x / max(||x||, epsilon)}.
     *
     * @param x (..., E)
     * @param epsilon the least divisor, above 0
     * @return (..., E)
     */
    NDArray unitNorm(NDArray x, double epsilon);

    /**
     * Mean cross entropy, natural logarithm, of targets that are smoothed: {@code mean_n((1 -
     * epsilon) l_n,label + epsilon mean_v l_nv)} with {@code l_nv = ln(sum_u exp(z_nu)) - z_nv},
     * over the rows whose label is not the ignored one; 0 if there is no such row. A label outside
     * of the classes is an error on every engine.
     *
     * @param logits z (..., V)
     * @param labels integers, as many as there are rows of logits
     * @param ignoredLabel of rows that do not count
     * @param smoothing epsilon, from 0 to below 1
     * @return a scalar
     */
    NDArray crossEntropy(NDArray logits, NDArray labels, long ignoredLabel, double smoothing);
}

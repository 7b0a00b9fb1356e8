package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * The ways references differ in layer normalisation.
 *
 * @param epsilon keeps the divisor from zero
 * @param placement where epsilon enters
 * @param unbiased whether the variance is divided by {@code n - 1} instead of {@code n}
 * @param unitOffset whether the factor is {@code 1 + weight}
 * @param axes how many trailing axes are normalised over, at least 1
 */
public record LayerNormSpec(
        double epsilon,
        EpsilonPlacement placement,
        boolean unbiased,
        boolean unitOffset,
        int axes) {

    /**
     * Checks epsilon and the number of axes.
     *
     * @param epsilon keeps the divisor from zero
     * @param placement where epsilon enters
     * @param unbiased whether the variance is divided by {@code n - 1}
     * @param unitOffset whether the factor is {@code 1 + weight}
     * @param axes how many trailing axes are normalised over
     */
    public LayerNormSpec {
        Checks.positive("epsilon", epsilon);
        Checks.positive("axes", axes);
    }

    /**
     * The spec of {@code torch.nn.LayerNorm}: over the last axis, epsilon inside the root, the
     * variance divided by {@code n}, the weight as it is.
     *
     * @param epsilon added to the variance
     * @return the spec
     */
    public static LayerNormSpec of(double epsilon) {
        return new LayerNormSpec(epsilon, EpsilonPlacement.INSIDE_ROOT, false, false, 1);
    }

    /** Where epsilon enters. */
    public enum EpsilonPlacement {
        /** {@code (x - mean) / sqrt(variance + epsilon)}: the paper, PyTorch, ONNX. */
        INSIDE_ROOT,
        /** {@code (x - mean) / (sqrt(variance) + epsilon)}: the Annotated Transformer. */
        OUTSIDE_ROOT
    }
}

package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * The ways references differ in RMS normalisation; in exact arithmetic only {@code placement} and
 * {@code unitOffset} matter, the rest is about 16-bit types.
 *
 * @param epsilon keeps the divisor from zero
 * @param placement where epsilon enters
 * @param unitOffset whether the factor is {@code 1 + weight}
 * @param upcast whether FLOAT16 is widened to FLOAT32 for the statistics
 * @param weightInUpcast whether the weight multiplies before the cast back to the input type
 */
public record RmsNormSpec(
        double epsilon,
        EpsilonPlacement placement,
        boolean unitOffset,
        boolean upcast,
        boolean weightInUpcast) {

    /**
     * Checks epsilon.
     *
     * @param epsilon keeps the divisor from zero
     * @param placement where epsilon enters
     * @param unitOffset whether the factor is {@code 1 + weight}
     * @param upcast whether FLOAT16 is widened to FLOAT32 for the statistics
     * @param weightInUpcast whether the weight multiplies before the cast back to the input type
     */
    public RmsNormSpec {
        Checks.positive("epsilon", epsilon);
    }

    /** Where epsilon enters; {@code n} is the number of channels. */
    public enum EpsilonPlacement {
        /** {@code x / sqrt(mean(x^2) + epsilon)}: Llama, T5, Gemma, PyTorch. */
        INSIDE_ROOT,
        /** {@code x / (sqrt(mean(x^2)) + epsilon)}: the code of the RMSNorm paper. */
        OUTSIDE_ROOT,
        /** {@code x * sqrt(n) / max(||x||, epsilon)}: x-transformers. */
        CLAMPED_NORM
    }
}

package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * The ways references differ in RMS normalisation; in exact arithmetic {@code upcast} and {@code
 * weightInUpcast} do not matter, they are about 16-bit types.
 *
 * @param epsilon keeps the divisor from zero
 * @param placement where epsilon enters
 * @param unitOffset whether the factor is {@code 1 + weight}
 * @param upcast whether FLOAT16 is widened to FLOAT32 for the statistics
 * @param weightInUpcast whether weight and bias are applied before the cast back to the input type
 * @param axes how many trailing axes are normalised over, at least 1
 * @param measured how many of the elements of those axes, the first ones, the mean square is taken
 *     over; 0 for all
 */
public record RmsNormSpec(
        double epsilon,
        EpsilonPlacement placement,
        boolean unitOffset,
        boolean upcast,
        boolean weightInUpcast,
        int axes,
        long measured) {

    /**
     * Checks epsilon and the counts.
     *
     * @param epsilon keeps the divisor from zero
     * @param placement where epsilon enters
     * @param unitOffset whether the factor is {@code 1 + weight}
     * @param upcast whether FLOAT16 is widened to FLOAT32 for the statistics
     * @param weightInUpcast whether weight and bias are applied before the cast back
     * @param axes how many trailing axes are normalised over
     * @param measured how many elements the mean square is taken over; 0 for all
     */
    public RmsNormSpec {
        Checks.positive("epsilon", epsilon);
        Checks.positive("axes", axes);
        if (measured < 0) {
            throw new IllegalArgumentException(
                    "measured (" + measured + ") must be at least 0: 0 stands for all");
        }
    }

    /**
     * The spec of Hugging Face {@code LlamaRMSNorm}: over the last axis, epsilon inside the root,
     * statistics in FLOAT32, the weight as it is and after the cast back.
     *
     * @param epsilon added to the mean square
     * @return the spec
     */
    public static RmsNormSpec of(double epsilon) {
        return new RmsNormSpec(epsilon, EpsilonPlacement.INSIDE_ROOT, false, true, false, 1, 0);
    }

    /** Where epsilon enters; {@code n} is the number of elements measured. */
    public enum EpsilonPlacement {
        /** {@code x / sqrt(mean(x^2) + epsilon)}: Llama, T5, Gemma, PyTorch, ONNX. */
        INSIDE_ROOT,
        /** {@code x / (sqrt(mean(x^2)) + epsilon)}: the code of the RMSNorm paper. */
        OUTSIDE_ROOT,
        /** {@code x * sqrt(n) / max(||x||, epsilon)}: x-transformers. */
        CLAMPED_NORM
    }
}

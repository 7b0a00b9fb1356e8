package io.github.djlblocks.parity.oracle;

/**
 * The ways in which reference implementations of RMSNorm differ.
 *
 * @param epsilonPlacement where epsilon enters
 * @param unitOffset whether the weight is stored as its difference from 1, so that the factor is
 *     {@code 1 + weight} (Gemma)
 * @param measured how many of the first elements the mean square is taken of, 0 for all (pRMSNorm)
 */
public record OracleRmsNormOptions(
        EpsilonPlacement epsilonPlacement, boolean unitOffset, int measured) {

    /**
     * Measures all elements.
     *
     * @param epsilonPlacement where epsilon enters
     * @param unitOffset whether the factor is {@code 1 + weight}
     */
    public OracleRmsNormOptions(EpsilonPlacement epsilonPlacement, boolean unitOffset) {
        this(epsilonPlacement, unitOffset, 0);
    }

    /** Where epsilon enters; n is the number of elements measured. */
    public enum EpsilonPlacement {
        /** {@code x / sqrt(mean(x^2) + epsilon)}: LLaMA, PyTorch, ONNX. */
        INSIDE_ROOT,
        /**
         * {@code x / (sqrt(mean(x^2)) + epsilon)}: the implementation of Zhang and Sennrich (arXiv
         * 1910.07467).
         */
        OUTSIDE_ROOT,
        /** {@code x * sqrt(n) / max(||x||, epsilon)}: x-transformers. */
        CLAMP_NORM
    }

    /** Epsilon inside the root, the weight as it is: LLaMA. */
    public static final OracleRmsNormOptions DEFAULT =
            new OracleRmsNormOptions(EpsilonPlacement.INSIDE_ROOT, false);
}

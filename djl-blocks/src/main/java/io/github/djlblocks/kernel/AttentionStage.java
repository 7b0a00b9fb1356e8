package io.github.djlblocks.kernel;

/**
 * The stages a score of attention passes; what {@link Kernels#attention} can return besides its
 * output.
 */
public enum AttentionStage {
    /** {@code q k^T * scale}. */
    SCORES,
    /** After the softcap. */
    CAPPED,
    /** After mask and bias; blocked scores are -1e30 or less, minus infinity in FLOAT16. */
    BIASED,
    /**
     * After the softmax: what Hugging Face calls attentions. A query that sees no key has zeros.
     */
    PROBABILITIES
}

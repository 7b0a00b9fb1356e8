package io.github.djlblocks.kernel;

/**
 * How the vectors of a sequence become one: the modes of sentence-transformers' {@code Pooling}.
 *
 * <p>{@code m_s} is 1 where a token stands and 0 where padding stands. Of a sequence that is all
 * padding every mode but {@link #FIRST} makes 0.
 */
public enum Pooling {
    /** {@code x_0}, whatever the mask says: the token BERT calls CLS. */
    FIRST,
    /** {@code x_s} of the last s with {@code m_s = 1}. */
    LAST,
    /** {@code max_s x_s} over {@code m_s = 1}, channel by channel. */
    MAX,
    /** {@code sum_s m_s x_s / sum_s m_s} (arXiv 1908.10084). */
    MEAN,
    /** {@code sum_s m_s x_s / sqrt(sum_s m_s)}. */
    MEAN_SQRT_LENGTH,
    /**
     * {@code sum_s (s + 1) m_s x_s / sum_s (s + 1) m_s}, s from 0: later tokens of a causal model
     * have seen more (SGPT, arXiv 2202.08904).
     */
    WEIGHTED_MEAN
}

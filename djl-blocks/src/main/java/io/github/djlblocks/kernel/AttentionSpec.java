package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Kernels#attention} needs to know besides its arrays. A query {@code i} stands at
 * {@code p = i + offset} among the keys {@code 0 .. T - 1}.
 *
 * @param scale factor of the scores, usually {@code 1 / sqrt(D)}
 * @param softcap c of {@code c tanh(score / c)}, after the scale and before mask and bias; 0 for
 *     none
 * @param causal whether a query sees the keys {@code j <= p} only
 * @param left the window before a query: it sees {@code j >= p - left}; -1 for no bound
 * @param right the window after a query: it sees {@code j <= p + right}; -1 for no bound
 * @param prefix how many first keys the window before a query does not hide
 * @param offset where the first query stands; by default T - S, the queries are the last positions
 * @param dropout the probability that a weight is dropped; 0 for none
 * @param returned the stage of the scores to return, or none
 */
public record AttentionSpec(
        double scale,
        double softcap,
        boolean causal,
        long left,
        long right,
        long prefix,
        @Nullable Long offset,
        double dropout,
        @Nullable AttentionStage returned) {

    /**
     * Checks the numbers.
     *
     * @param scale above 0
     * @param softcap at least 0
     * @param causal whether later keys are hidden
     * @param left at least 0, or -1
     * @param right at least 0, or -1
     * @param prefix at least 0
     * @param offset any position, or none
     * @param dropout from 0 up to, but not, 1
     * @param returned a stage, or none
     */
    public AttentionSpec {
        Checks.positive("scale", scale);
        if (!(softcap >= 0) || Double.isInfinite(softcap)) {
            throw new IllegalArgumentException(
                    "softcap (" + softcap + ") must be a finite number, 0 for none");
        }
        bound("left", left, -1);
        bound("right", right, -1);
        bound("prefix", prefix, 0);
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException(
                    "dropout (" + dropout + ") must be at least 0 and below 1");
        }
    }

    private static void bound(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name
                            + " ("
                            + value
                            + ") must be at least 0"
                            + (least < 0 ? ", or -1 for no bound" : ""));
        }
    }

    /**
     * Scales, and nothing else.
     *
     * @param scale factor of the scores
     * @return a spec without softcap, causality, window and dropout
     */
    public static AttentionSpec of(double scale) {
        return new AttentionSpec(scale, 0, false, -1, -1, 0, null, 0, null);
    }

    /**
     * Returns this spec with a softcap.
     *
     * @param newSoftcap the bound, or 0
     * @return a changed copy
     */
    public AttentionSpec withSoftcap(double newSoftcap) {
        return new AttentionSpec(
                scale, newSoftcap, causal, left, right, prefix, offset, dropout, returned);
    }

    /**
     * Returns this spec with causality or without.
     *
     * @param newCausal whether later keys are hidden
     * @return a changed copy
     */
    public AttentionSpec withCausal(boolean newCausal) {
        return new AttentionSpec(
                scale, softcap, newCausal, left, right, prefix, offset, dropout, returned);
    }

    /**
     * Returns this spec with a window, both bounds inclusive. Hugging Face's {@code sliding_window}
     * W counts the query itself: it is a left of W - 1.
     *
     * @param newLeft how many keys before the query it sees, or -1 for all
     * @param newRight how many keys after the query it sees, or -1 for all
     * @return a changed copy
     */
    public AttentionSpec withWindow(long newLeft, long newRight) {
        return new AttentionSpec(
                scale, softcap, causal, newLeft, newRight, prefix, offset, dropout, returned);
    }

    /**
     * Returns this spec with first keys that the window does not hide.
     *
     * @param newPrefix how many
     * @return a changed copy
     */
    public AttentionSpec withPrefix(long newPrefix) {
        return new AttentionSpec(
                scale, softcap, causal, left, right, newPrefix, offset, dropout, returned);
    }

    /**
     * Returns this spec with the place of the first query. The ONNX operator's is the length of the
     * past, so without a past it is 0 even where T and S differ.
     *
     * @param newOffset its position among the keys, or none for T - S
     * @return a changed copy
     */
    public AttentionSpec withOffset(@Nullable Long newOffset) {
        return new AttentionSpec(
                scale, softcap, causal, left, right, prefix, newOffset, dropout, returned);
    }

    /**
     * Returns this spec with dropout of the weights, for training.
     *
     * @param newDropout the probability, or 0
     * @return a changed copy
     */
    public AttentionSpec withDropout(double newDropout) {
        return new AttentionSpec(
                scale, softcap, causal, left, right, prefix, offset, newDropout, returned);
    }

    /**
     * Returns this spec asking for scores.
     *
     * @param newReturned the stage, or none
     * @return a changed copy
     */
    public AttentionSpec withReturned(@Nullable AttentionStage newReturned) {
        return new AttentionSpec(
                scale, softcap, causal, left, right, prefix, offset, dropout, newReturned);
    }
}

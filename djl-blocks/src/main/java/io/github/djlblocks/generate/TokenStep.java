package io.github.djlblocks.generate;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One more token of every row of a batch that is not finished. */
public final class TokenStep {

    private final long[] tokens;
    private final boolean[] present;
    private final List<@Nullable FinishReason> reasons;
    private final List<@Nullable TokenLogProbabilities> logProbabilities;

    TokenStep(
            long[] tokens,
            boolean[] present,
            List<@Nullable FinishReason> reasons,
            List<@Nullable TokenLogProbabilities> logProbabilities) {
        this.tokens = tokens;
        this.present = present;
        this.reasons = Collections.unmodifiableList(reasons);
        this.logProbabilities = Collections.unmodifiableList(logProbabilities);
    }

    /**
     * Returns how many rows there are.
     *
     * @return prompts times the sequences each gives
     */
    public int rows() {
        return tokens.length;
    }

    /**
     * Returns whether a row got a token.
     *
     * @param row from 0
     * @return false if it was finished before
     */
    public boolean hasToken(int row) {
        return present[row];
    }

    /**
     * Returns the token of a row.
     *
     * @param row from 0
     * @return its id; the pad token if the row was finished before
     */
    public long token(int row) {
        return tokens[row];
    }

    /**
     * Returns the tokens of all rows.
     *
     * @return a copy
     */
    public long[] tokens() {
        return Arrays.copyOf(tokens, tokens.length);
    }

    /**
     * Returns why a row is complete.
     *
     * @param row from 0
     * @return the reason, or null while it is not
     */
    public @Nullable FinishReason finishReason(int row) {
        return reasons.get(row);
    }

    /**
     * Returns what the model thought of the token of a row.
     *
     * @param row from 0
     * @return the log-probabilities, or null if {@code logProbabilities} is not set or the row got
     *     no token
     */
    public @Nullable TokenLogProbabilities logProbabilities(int row) {
        return logProbabilities.get(row);
    }
}

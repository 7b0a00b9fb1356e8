package io.github.djlblocks.generate;

import java.util.List;

/**
 * What the model thought of one position, before options changed its logits.
 *
 * @param token the token that came
 * @param logProbability of the token that came
 * @param top the likeliest tokens, the likeliest first
 */
public record TokenLogProbabilities(long token, double logProbability, List<Candidate> top) {

    /**
     * Copies the list.
     *
     * @param token the token that came
     * @param logProbability of the token that came
     * @param top the likeliest tokens, the likeliest first
     */
    public TokenLogProbabilities {
        top = List.copyOf(top);
    }

    /**
     * A token that could have come.
     *
     * @param token its id
     * @param logProbability its natural logarithm of probability
     */
    public record Candidate(long token, double logProbability) {}
}

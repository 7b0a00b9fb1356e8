package io.github.djlblocks.generate;

/** Ends a sequence by what it is so far, such as text that contains a stop string. */
@FunctionalInterface
public interface StopCondition {

    /**
     * Tells whether a sequence ends here. It is asked after each token of each row, in order; of a
     * beam search for each candidate.
     *
     * @param history the tokens so far, the newest last
     * @return true to end it with {@link FinishReason#STOP_SEQUENCE}
     */
    boolean stops(TokenHistory history);
}

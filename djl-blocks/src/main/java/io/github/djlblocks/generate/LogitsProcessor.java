package io.github.djlblocks.generate;

/** Changes the logits of the next token of one sequence before it is chosen. */
@FunctionalInterface
public interface LogitsProcessor {

    /**
     * Changes logits in place; negative infinity forbids a token. In a beam search they are
     * log-probabilities.
     *
     * @param history the tokens before
     * @param logits (V)
     */
    void process(TokenHistory history, double[] logits);
}

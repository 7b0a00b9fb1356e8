package io.github.djlblocks.generate;

import io.github.djlblocks.internal.Checks;
import java.util.Set;

/**
 * When generation stops, and what stands where nothing does.
 *
 * @param maxNewTokens the most tokens to generate
 * @param endTokens tokens that end a sequence; they are part of the output
 * @param padToken what a finished row of a batch is filled up with
 */
public record GenerationOptions(int maxNewTokens, Set<Long> endTokens, long padToken) {

    /**
     * Checks the count and copies the set.
     *
     * @param maxNewTokens the most tokens to generate
     * @param endTokens tokens that end a sequence; they are part of the output
     * @param padToken what a finished row of a batch is filled up with
     */
    public GenerationOptions {
        Checks.positive("maxNewTokens", maxNewTokens);
        endTokens = Set.copyOf(endTokens);
    }

    /**
     * Returns options without end tokens: generation stops at the count or at the end of the
     * context.
     *
     * @param maxNewTokens the most tokens to generate
     * @return the options
     */
    public static GenerationOptions of(int maxNewTokens) {
        return new GenerationOptions(maxNewTokens, Set.of(), 0);
    }

    /**
     * Returns these options with another count.
     *
     * @param count the most tokens to generate
     * @return the options
     */
    public GenerationOptions withMaxNewTokens(int count) {
        return new GenerationOptions(count, endTokens, padToken);
    }

    /**
     * Returns these options with other end tokens.
     *
     * @param tokens tokens that end a sequence
     * @return the options
     */
    public GenerationOptions withEndTokens(Set<Long> tokens) {
        return new GenerationOptions(maxNewTokens, tokens, padToken);
    }

    /**
     * Returns these options with another pad token, 0 by default.
     *
     * @param token what a finished row of a batch is filled up with
     * @return the options
     */
    public GenerationOptions withPadToken(long token) {
        return new GenerationOptions(maxNewTokens, endTokens, token);
    }
}

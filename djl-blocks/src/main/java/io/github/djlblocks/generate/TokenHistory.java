package io.github.djlblocks.generate;

import java.util.Arrays;

/**
 * The tokens of one sequence so far: its prompt, without padding, and what was generated. Of an
 * encoder-decoder the prompt is what the decoder starts from.
 *
 * <p>It grows with its sequence: a view of the moment, not to be kept.
 */
public final class TokenHistory {

    private final int row;
    private final int padding;
    private final int promptLength;
    private long[] tokens;
    private int length;

    TokenHistory(int row, int padding, long... prompt) {
        this.row = row;
        this.padding = padding;
        promptLength = prompt.length;
        tokens = Arrays.copyOf(prompt, prompt.length + 16);
        length = prompt.length;
    }

    private TokenHistory(TokenHistory other) {
        row = other.row;
        padding = other.padding;
        promptLength = other.promptLength;
        tokens = other.tokens.clone();
        length = other.length;
    }

    /**
     * Returns which sequence of the batch it is.
     *
     * @return the row, from 0; of a beam search, the prompt it belongs to
     */
    public int row() {
        return row;
    }

    /**
     * Returns how many tokens the prompt has.
     *
     * @return at least 1
     */
    public int promptLength() {
        return promptLength;
    }

    /**
     * Returns how many tokens there are, of prompt and output together.
     *
     * @return at least {@link #promptLength}
     */
    public int length() {
        return length;
    }

    /**
     * Returns a token.
     *
     * @param index from 0, of prompt and output together
     * @return its id
     * @throws IndexOutOfBoundsException if there is no such token
     */
    public long token(int index) {
        if (index < 0 || index >= length) {
            throw new IndexOutOfBoundsException(
                    "there is no token " + index + " in a sequence of " + length);
        }
        return tokens[index];
    }

    /**
     * Returns how many tokens were generated.
     *
     * @return at least 0
     */
    public int generatedLength() {
        return length - promptLength;
    }

    /**
     * Returns the tokens that were generated.
     *
     * @return a copy
     */
    public long[] generated() {
        return Arrays.copyOfRange(tokens, promptLength, length);
    }

    /** The prompt counted with its padding, as long as the longest of the batch. */
    int paddedPromptLength() {
        return promptLength + padding;
    }

    void append(long token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
        }
        tokens[length++] = token;
    }

    void removeLast(int count) {
        length -= count;
    }

    TokenHistory copy() {
        return new TokenHistory(this);
    }

    /** Whether the tokens from an index on end in a run. */
    boolean endsIn(int from, long... run) {
        return length - from >= run.length
                && Arrays.equals(tokens, length - run.length, length, run, 0, run.length);
    }
}

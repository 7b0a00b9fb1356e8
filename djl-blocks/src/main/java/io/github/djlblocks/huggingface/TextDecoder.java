package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.util.Arrays;

/**
 * Turns tokens into text as they come.
 *
 * <p>A token alone is not a text: it may be half a character, and whether it starts with a space
 * depends on what stands before it. So a window of tokens is decoded with and without the new one,
 * and the difference is given out once it ends on a whole character. A window starts where a piece
 * started, never inside a character: a byte-fallback decoder decodes a run of bytes whole or not at
 * all.
 */
final class TextDecoder {

    /** What a decoder puts for bytes that are no character yet. */
    private static final String INCOMPLETE = "\uFFFD";

    private final HuggingFaceTokenizer tokenizer;
    private final boolean skipSpecialTokens;
    private long[] tokens;
    private int windowStart;
    private int given;

    TextDecoder(HuggingFaceTokenizer tokenizer, long[] prompt, boolean skipSpecialTokens) {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
        tokens = prompt.clone();
        given = tokens.length;
    }

    /** Takes a token and returns the text that is complete with it, perhaps none. */
    String accept(long token) {
        tokens = Arrays.copyOf(tokens, tokens.length + 1);
        tokens[tokens.length - 1] = token;
        String piece = pending();
        if (piece.isEmpty() || piece.endsWith(INCOMPLETE)) {
            return "";
        }
        advance();
        return piece;
    }

    /** Takes all tokens there are and returns their text. */
    String acceptAll(long... all) {
        StringBuilder text = new StringBuilder();
        for (long token : all) {
            text.append(accept(token));
        }
        return text.append(finish()).toString();
    }

    /** Returns what is left, complete or not. */
    String finish() {
        String piece = pending();
        advance();
        return piece;
    }

    private String pending() {
        String before = decode(given);
        String all = decode(tokens.length);
        return all.startsWith(before) ? all.substring(before.length()) : "";
    }

    private void advance() {
        windowStart = given;
        given = tokens.length;
    }

    private String decode(int end) {
        return tokenizer.decode(Arrays.copyOfRange(tokens, windowStart, end), skipSpecialTokens);
    }
}

package io.github.djlblocks.huggingface;

import io.github.djlblocks.generate.GenerationOptions;
import java.util.List;
import java.util.function.Predicate;

/**
 * What text is generated.
 *
 * @param tokens what tokens are generated and when they stop
 * @param stopStrings strings that end the text; it ends before the first of them
 * @param addSpecialTokens whether the tokenizer puts special tokens around a prompt, such as the
 *     start of text; those a chat template writes are not doubled in any case
 * @param skipSpecialTokens whether special tokens are left out of the text
 */
public record TextOptions(
        GenerationOptions tokens,
        List<String> stopStrings,
        boolean addSpecialTokens,
        boolean skipSpecialTokens) {

    /**
     * Copies the list.
     *
     * @param tokens what tokens are generated and when they stop
     * @param stopStrings strings that end the text
     * @param addSpecialTokens whether the tokenizer puts special tokens around a prompt
     * @param skipSpecialTokens whether special tokens are left out of the text
     */
    public TextOptions {
        stopStrings = List.copyOf(stopStrings);
        if (stopStrings.stream().anyMatch(Predicate.isEqual(""))) {
            throw new IllegalArgumentException(
                    "a stop string is empty, which would end every text at once: leave it out");
        }
    }

    /**
     * Returns options without stop strings, special tokens added before and left out after.
     *
     * @param tokens what tokens are generated and when they stop
     * @return the options
     */
    public static TextOptions of(GenerationOptions tokens) {
        return new TextOptions(tokens, List.of(), true, true);
    }

    /**
     * Returns these options for other tokens.
     *
     * @param options what tokens are generated and when they stop
     * @return a changed copy
     */
    public TextOptions withTokens(GenerationOptions options) {
        return new TextOptions(options, stopStrings, addSpecialTokens, skipSpecialTokens);
    }

    /**
     * Returns these options with an adapter of the model.
     *
     * @param name the name of an adapter
     * @return a changed copy
     */
    public TextOptions withAdapter(String name) {
        return withTokens(tokens.withAdapter(name));
    }

    /**
     * Returns these options with other stop strings.
     *
     * @param strings strings that end the text
     * @return a changed copy
     */
    public TextOptions withStopStrings(String... strings) {
        return new TextOptions(tokens, List.of(strings), addSpecialTokens, skipSpecialTokens);
    }

    /**
     * Returns these options with or without special tokens around a prompt.
     *
     * @param add whether the tokenizer adds them
     * @return a changed copy
     */
    public TextOptions withSpecialTokensAdded(boolean add) {
        return new TextOptions(tokens, stopStrings, add, skipSpecialTokens);
    }

    /**
     * Returns these options with or without special tokens in the text.
     *
     * @param skip whether they are left out
     * @return a changed copy
     */
    public TextOptions withSpecialTokensSkipped(boolean skip) {
        return new TextOptions(tokens, stopStrings, addSpecialTokens, skip);
    }
}

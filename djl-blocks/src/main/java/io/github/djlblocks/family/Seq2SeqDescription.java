package io.github.djlblocks.family;

import io.github.djlblocks.model.Seq2SeqConfig;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What the configuration of an encoder-decoder says besides; its tokens count where no file of
 * generation says otherwise.
 *
 * @param config sizes and choices of both halves
 * @param startTokens what the decoder starts from, which is not part of the text
 * @param forcedFirst the token that a text begins with, such as that of a language
 * @param forcedLast the token that ends a text of the greatest length
 */
public record Seq2SeqDescription(
        Seq2SeqConfig config,
        List<Long> startTokens,
        OptionalLong forcedFirst,
        OptionalLong forcedLast) {

    /**
     * Copies the tokens.
     *
     * @param config sizes and choices of both halves
     * @param startTokens what the decoder starts from, which is not part of the text
     * @param forcedFirst the token that a text begins with, such as that of a language
     * @param forcedLast the token that ends a text of the greatest length
     */
    public Seq2SeqDescription {
        startTokens = List.copyOf(startTokens);
    }

    /** Of each kind the first there is. */
    static Seq2SeqDescription of(
            Seq2SeqConfig config, Set<Long> start, Set<Long> first, Set<Long> last) {
        return new Seq2SeqDescription(config, List.copyOf(start), firstOf(first), firstOf(last));
    }

    private static OptionalLong firstOf(Set<Long> tokens) {
        return tokens.stream().mapToLong(Long::longValue).findFirst();
    }
}

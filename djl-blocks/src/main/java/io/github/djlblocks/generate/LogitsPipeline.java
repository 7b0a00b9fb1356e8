package io.github.djlblocks.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The processors that options ask for, in the order of Hugging Face transformers 4.51. */
final class LogitsPipeline {

    private final List<LogitsProcessor> processors = new ArrayList<>();

    /**
     * @param own the user's, which come before those of sampling
     * @param promptLength the longest prompt of the batch, padding included
     * @param limit how many tokens are generated at most
     */
    LogitsPipeline(
            GenerationOptions options, List<LogitsProcessor> own, int promptLength, int limit) {
        likelihoods(options);
        lengths(options, limit);
        if (!options.suppressTokens().isEmpty()) {
            processors.add(BanProcessors.suppress(options.suppressTokens()));
        }
        if (!options.beginSuppressTokens().isEmpty()) {
            // A first token that is forced is not the one to watch.
            int first = promptLength > 1 || options.forcedBosToken().isEmpty() ? 0 : 1;
            processors.add(BanProcessors.suppressAt(first, options.beginSuppressTokens()));
        }
        processors.addAll(own);
        if (options.doSample()) {
            sampling(options);
        }
    }

    private void likelihoods(GenerationOptions options) {
        if (!options.logitBias().isEmpty()) {
            processors.add(PenaltyProcessors.bias(options.logitBias()));
        }
        if (options.repetitionPenalty() != 1) {
            processors.add(PenaltyProcessors.repetition(options.repetitionPenalty()));
        }
        if (options.presencePenalty() != 0 || options.frequencyPenalty() != 0) {
            processors.add(
                    PenaltyProcessors.presenceAndFrequency(
                            options.presencePenalty(), options.frequencyPenalty()));
        }
        if (options.noRepeatNgramSize() > 0) {
            processors.add(BanProcessors.repeatedNgrams(options.noRepeatNgramSize()));
        }
        if (!options.badWords().isEmpty()) {
            processors.add(BanProcessors.badWords(options.badWords(), options.endTokens()));
        }
    }

    private void lengths(GenerationOptions options, int limit) {
        boolean ends = !options.endTokens().isEmpty();
        if (ends && options.minLength() > 0) {
            processors.add(BanProcessors.minLength(options.minLength(), options.endTokens()));
        }
        if (ends && options.minNewTokens() > 0) {
            processors.add(BanProcessors.minNewTokens(options.minNewTokens(), options.endTokens()));
        }
        options.forcedBosToken()
                .ifPresent(token -> processors.add(BanProcessors.forceSecond(token)));
        options.forcedEosToken()
                .ifPresent(token -> processors.add(BanProcessors.forceLast(token, limit)));
    }

    private void sampling(GenerationOptions options) {
        if (options.temperature() != 1) {
            processors.add(SamplingProcessors.temperature(options.temperature()));
        }
        if (options.topK() > 0) {
            processors.add(SamplingProcessors.topK(options.topK()));
        }
        if (options.topP() < 1) {
            processors.add(SamplingProcessors.topP(options.topP()));
        }
        if (options.minP() > 0) {
            processors.add(SamplingProcessors.minP(options.minP()));
        }
        if (options.typicalP() < 1) {
            processors.add(SamplingProcessors.typical(options.typicalP()));
        }
    }

    boolean isEmpty() {
        return processors.isEmpty();
    }

    /** Refuses tokens outside the vocabulary, which processors index logits by. */
    static void checkTokens(GenerationOptions options, int vocabulary) {
        requireTokens("padToken", Stream.of(options.padToken()), vocabulary);
        requireTokens("logitBias", options.logitBias().keySet().stream(), vocabulary);
        requireTokens("suppressTokens", options.suppressTokens().stream(), vocabulary);
        requireTokens("beginSuppressTokens", options.beginSuppressTokens().stream(), vocabulary);
        requireTokens("badWords", options.badWords().stream().flatMap(List::stream), vocabulary);
        requireTokens("forcedBosToken", options.forcedBosToken().stream().boxed(), vocabulary);
        requireTokens("forcedEosToken", options.forcedEosToken().stream().boxed(), vocabulary);
    }

    private static void requireTokens(String name, Stream<Long> tokens, int vocabulary) {
        tokens.filter(token -> token >= vocabulary)
                .min(Long::compare)
                .ifPresent(
                        token -> {
                            throw new IllegalArgumentException(
                                    name
                                            + " ("
                                            + token
                                            + ") must be from 0 to "
                                            + (vocabulary - 1)
                                            + ", the last token of the vocabulary");
                        });
    }

    /** Runs every processor and refuses logits that nothing can be chosen from. */
    void process(TokenHistory history, double[] logits) {
        change(history, logits);
        if (logits[Distribution.argMax(logits)] == Double.NEGATIVE_INFINITY) {
            throw allForbidden(history);
        }
    }

    /** Runs every processor. */
    void change(TokenHistory history, double[] logits) {
        processors.forEach(processor -> processor.process(history, logits));
        for (double logit : logits) {
            if (!(logit < Double.POSITIVE_INFINITY)) {
                throw new IllegalStateException(
                        "a processor made a logit of row "
                                + history.row()
                                + " "
                                + logit
                                + ": it must be a finite number, or negative infinity");
            }
        }
    }

    static IllegalStateException allForbidden(TokenHistory history) {
        return new IllegalStateException(
                "every token is forbidden as token "
                        + (history.length() + 1)
                        + " of row "
                        + history.row()
                        + ": loosen suppressTokens, badWords, noRepeatNgramSize, minLength,"
                        + " logitBias or the forced tokens");
    }
}

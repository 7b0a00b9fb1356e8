package io.github.djlblocks.generate;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** What forbids tokens, or all but one. */
final class BanProcessors {

    private static final double NEVER = Double.NEGATIVE_INFINITY;

    private BanProcessors() {}

    /** Forbids what would repeat a run of tokens of prompt and output. */
    static LogitsProcessor repeatedNgrams(int size) {
        return (history, logits) -> {
            int from = history.length() - size + 1;
            if (from < 0) {
                return;
            }
            for (int start = 0; start < from; start++) {
                boolean same = true;
                for (int i = 0; same && i < size - 1; i++) {
                    same = history.token(start + i) == history.token(from + i);
                }
                if (same) {
                    logits[(int) history.token(start + size - 1)] = NEVER;
                }
            }
        };
    }

    /** Forbids the last token of a run whose others have just come. */
    static LogitsProcessor badWords(List<List<Long>> words, Set<Long> endTokens) {
        List<long[]> runs =
                words.stream()
                        .filter(word -> word.size() > 1 || !endTokens.contains(word.get(0)))
                        .map(word -> word.stream().mapToLong(Long::longValue).toArray())
                        .toList();
        return (history, logits) -> {
            for (long[] run : runs) {
                if (history.endsIn(0, Arrays.copyOf(run, run.length - 1))) {
                    logits[(int) run[run.length - 1]] = NEVER;
                }
            }
        };
    }

    static LogitsProcessor suppress(Collection<Long> tokens) {
        return (history, logits) -> forbid(logits, tokens);
    }

    /** Forbids tokens where so many have been generated. */
    static LogitsProcessor suppressAt(int generated, Collection<Long> tokens) {
        return (history, logits) -> {
            if (history.generatedLength() == generated) {
                forbid(logits, tokens);
            }
        };
    }

    static LogitsProcessor minLength(int length, Collection<Long> endTokens) {
        return (history, logits) -> {
            if (history.paddedPromptLength() + history.generatedLength() < length) {
                forbid(logits, endTokens);
            }
        };
    }

    static LogitsProcessor minNewTokens(int count, Collection<Long> endTokens) {
        return (history, logits) -> {
            if (history.generatedLength() < count) {
                forbid(logits, endTokens);
            }
        };
    }

    /** Allows one token alone, after the first of a sequence. */
    static LogitsProcessor forceSecond(long token) {
        return (history, logits) -> {
            if (history.paddedPromptLength() + history.generatedLength() == 1) {
                force(logits, token);
            }
        };
    }

    /** Allows one token alone where it is the last that there is room for. */
    static LogitsProcessor forceLast(long token, int limit) {
        return (history, logits) -> {
            if (history.generatedLength() == limit - 1) {
                force(logits, token);
            }
        };
    }

    private static void forbid(double[] logits, Collection<Long> tokens) {
        for (long token : tokens) {
            // Some configurations name end tokens that the vocabulary does not have.
            if (token < logits.length) {
                logits[(int) token] = NEVER;
            }
        }
    }

    private static void force(double[] logits, long token) {
        Arrays.fill(logits, NEVER);
        logits[(int) token] = 0;
    }
}

package io.github.djlblocks.generate;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What makes tokens likelier or less likely. */
final class PenaltyProcessors {

    private PenaltyProcessors() {}

    static LogitsProcessor bias(Map<Long, Double> bias) {
        return (history, logits) -> bias.forEach((token, more) -> logits[token.intValue()] += more);
    }

    /** {@code s / p} if s is positive, else {@code s p}, once for each token that occurred. */
    static LogitsProcessor repetition(double penalty) {
        return (history, logits) -> {
            Set<Long> seen = new HashSet<>();
            for (int i = 0; i < history.length(); i++) {
                if (seen.add(history.token(i))) {
                    int token = (int) history.token(i);
                    double score = logits[token];
                    logits[token] = score < 0 ? score * penalty : score / penalty;
                }
            }
        };
    }

    /** {@code s - count frequency - [count > 0] presence}, by what was generated. */
    static LogitsProcessor presenceAndFrequency(double presence, double frequency) {
        return (history, logits) -> {
            Map<Long, Integer> counts = new HashMap<>();
            for (int i = history.promptLength(); i < history.length(); i++) {
                counts.merge(history.token(i), 1, Integer::sum);
            }
            counts.forEach(
                    (token, count) -> logits[token.intValue()] -= count * frequency + presence);
        };
    }
}

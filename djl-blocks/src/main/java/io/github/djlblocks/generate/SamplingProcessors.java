package io.github.djlblocks.generate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** What shapes the distribution that tokens are drawn from. */
final class SamplingProcessors {

    private static final double NEVER = Double.NEGATIVE_INFINITY;

    private SamplingProcessors() {}

    static LogitsProcessor temperature(double temperature) {
        return (history, logits) -> {
            for (int token = 0; token < logits.length; token++) {
                logits[token] /= temperature;
            }
        };
    }

    /** Keeps the largest, and what equals the last of them. */
    static LogitsProcessor topK(int count) {
        return (history, logits) -> {
            if (count < logits.length) {
                double[] sorted = logits.clone();
                Arrays.sort(sorted);
                double smallest = sorted[sorted.length - count];
                keep(logits, logits, smallest);
            }
        };
    }

    /** Drops the least likely whose probabilities sum to at most {@code 1 - share}. */
    static LogitsProcessor topP(double share) {
        return (history, logits) -> {
            double[] sorted = Distribution.softmax(logits);
            double[] shares = sorted.clone();
            Arrays.sort(sorted);
            double sum = 0;
            int dropped = 0;
            while (dropped < sorted.length - 1 && sum + sorted[dropped] <= 1 - share) {
                sum += sorted[dropped++];
            }
            double smallest = sorted[dropped];
            keep(logits, shares, smallest);
            // Of those equal to the last one kept, only the first stay.
            int kept = 0;
            for (int i = dropped; i < sorted.length && sorted[i] == smallest; i++) {
                kept++;
            }
            for (int token = 0; token < logits.length; token++) {
                if (shares[token] == smallest && kept-- <= 0) {
                    logits[token] = NEVER;
                }
            }
        };
    }

    /** Keeps what is at least a share as probable as the most probable. */
    static LogitsProcessor minP(double share) {
        return (history, logits) -> {
            double[] shares = Distribution.softmax(logits);
            double largest = shares[Distribution.argMax(shares)];
            keep(logits, shares, share * largest);
        };
    }

    /** Keeps the fewest of surprise closest to the entropy that reach a share together. */
    static LogitsProcessor typical(double share) {
        return (history, logits) -> {
            double[] logs = Distribution.logSoftmax(logits);
            double entropy = 0;
            for (double log : logs) {
                entropy -= log == NEVER ? 0 : Math.exp(log) * log;
            }
            double[] closeness = new double[logs.length];
            for (int token = 0; token < logs.length; token++) {
                closeness[token] = -Math.abs(-logs[token] - entropy);
            }
            int[] closest =
                    IntStream.range(0, logs.length)
                            .boxed()
                            .sorted(Comparator.comparingDouble(token -> -closeness[token]))
                            .mapToInt(Integer::intValue)
                            .toArray();
            double sum = 0;
            int last = -1;
            while (last < closest.length - 1 && sum < share) {
                sum += Math.exp(logs[closest[++last]]);
            }
            keep(logits, closeness, closeness[closest[last]]);
        };
    }

    private static void keep(double[] logits, double[] measure, double smallest) {
        for (int token = 0; token < logits.length; token++) {
            if (measure[token] < smallest) {
                logits[token] = NEVER;
            }
        }
    }
}

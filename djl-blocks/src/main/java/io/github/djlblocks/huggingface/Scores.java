package io.github.djlblocks.huggingface;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What becomes of logits. */
final class Scores {

    private Scores() {}

    /** {@code exp(x_i) / sum_j exp(x_j)} over some of the numbers. */
    static double[] softmax(float[] logits, int from, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, logits[from + i]);
        }
        double[] scores = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) {
            scores[i] = Math.exp(logits[from + i] - largest);
            sum += scores[i];
        }
        for (int i = 0; i < count; i++) {
            scores[i] /= sum;
        }
        return scores;
    }

    /** {@code 1 / (1 + exp(-x))}. */
    static double[] sigmoid(float... logits) {
        double[] scores = new double[logits.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = 1 / (1 + Math.exp(-logits[i]));
        }
        return scores;
    }

    /** As they are. */
    static double[] same(float... logits) {
        return IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).toArray();
    }

    /** The indices of the largest, from the largest down. */
    static List<Integer> largest(double[] scores, int count) {
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
                .limit(count)
                .toList();
    }
}

package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.generate.TokenLogProbabilities.Candidate;
import io.github.djlblocks.kernel.Kernels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the next token of a sequence from its logits: the likeliest, or one drawn. What is drawn
 * depends on seed, row, position and logits alone.
 */
final class TokenChooser {

    /** A token, and what the model thought of it if that was asked for. */
    record Choice(long token, @Nullable TokenLogProbabilities logProbabilities) {}

    private final LogitsPipeline pipeline;
    private final UniformNumbers uniform;
    private final boolean sample;

    /** How many to report, or -1 for no report. */
    private final int reported;

    TokenChooser(GenerationOptions options, LogitsPipeline pipeline) {
        this.pipeline = pipeline;
        sample = options.doSample();
        reported = options.logProbabilities().orElse(-1);
        uniform =
                new UniformNumbers(
                        options.seed().orElseGet(() -> new SplittableRandom().nextLong()));
    }

    /** Whether the likeliest token by the logits as they are is all that is wanted. */
    boolean isPlain() {
        return !sample && reported < 0 && pipeline.isEmpty();
    }

    /** Chooses on the device, if {@link #isPlain}. */
    static long[] argMax(NDArray logits) {
        return Kernels.of(logits).argMax(logits).toType(DataType.INT64, false).toLongArray();
    }

    /** Chooses what comes after a sequence; the logits are changed. */
    Choice choose(TokenHistory history, double[] logits) {
        double[] logs = reported < 0 ? new double[0] : Distribution.logSoftmax(logits);
        pipeline.process(history, logits);
        int token =
                sample
                        ? Distribution.draw(
                                logits, uniform.at(history.row(), history.generatedLength()))
                        : Distribution.argMax(logits);
        return new Choice(
                token,
                reported < 0
                        ? null
                        : new TokenLogProbabilities(token, logs[token], largest(logs, reported)));
    }

    private static List<Candidate> largest(double[] logs, int count) {
        Comparator<Candidate> worstFirst =
                Comparator.comparingDouble(Candidate::logProbability)
                        .thenComparing(Candidate::token, Comparator.reverseOrder());
        PriorityQueue<Candidate> best = new PriorityQueue<>(worstFirst);
        for (int token = 0; token < logs.length && count > 0; token++) {
            best.add(new Candidate(token, logs[token]));
            if (best.size() > count) {
                best.remove();
            }
        }
        List<Candidate> sorted = new ArrayList<>(best);
        sorted.sort(worstFirst.reversed());
        return sorted;
    }
}

package io.github.djlblocks.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** The beams of one prompt: those that run, and the best of those that are finished. */
final class BeamGroup {

    /** A sequence, the sum of its log-probabilities, and the running beam it continues. */
    record Beam(TokenHistory history, double sum, int parent) {}

    /** A finished sequence; the score is the sum divided by a power of the length. */
    record Finished(TokenHistory history, double score, FinishReason reason) {}

    private record Candidate(int parent, int token, double sum) {}

    private final GenerationOptions options;
    private final LogitsPipeline pipeline;
    private final StopRules rules;
    private final int beams;
    private final List<Finished> finished = new ArrayList<>();
    private List<Beam> running;
    private boolean done;

    BeamGroup(
            GenerationOptions options,
            LogitsPipeline pipeline,
            StopRules rules,
            TokenHistory prompt) {
        this.options = options;
        this.pipeline = pipeline;
        this.rules = rules;
        beams = options.numBeams();
        running = List.of(new Beam(prompt, 0, 0));
    }

    /** Those that run on, each with its parent among those that ran before. */
    List<Beam> running() {
        return running;
    }

    /** The finished ones, the best first. */
    List<Finished> finished() {
        return finished;
    }

    boolean isDone() {
        return done;
    }

    /** Takes one more token in every beam, from the logits of each. */
    void step(List<double[]> logits) {
        List<Beam> next = new ArrayList<>();
        int rank = 0;
        for (Candidate candidate : candidates(logits)) {
            TokenHistory history = running.get(candidate.parent()).history().copy();
            history.append(candidate.token());
            FinishReason reason = rules.reason(history);
            if (reason == null) {
                next.add(new Beam(history, candidate.sum(), candidate.parent()));
            } else if (rank < beams) {
                // Lower ranks are there so that enough go on; what ends among them is dropped.
                double score = score(candidate.sum(), history.generatedLength());
                finished.add(new Finished(history, score, reason));
            }
            rank++;
        }
        finished.sort(Comparator.comparingDouble(Finished::score).reversed());
        if (finished.size() > beams) {
            finished.subList(beams, finished.size()).clear();
        }
        running = List.copyOf(next.subList(0, Math.min(beams, next.size())));
        done = running.isEmpty() || isDecided();
    }

    private boolean isEarly() {
        return options.earlyStopping() == EarlyStopping.WHEN_FULL;
    }

    /** Whether the finished beams stay as they are, by rule or because no other can beat them. */
    private boolean isDecided() {
        if (finished.size() < beams) {
            return false;
        }
        boolean anyLength =
                options.earlyStopping() == EarlyStopping.NEVER && options.lengthPenalty() > 0;
        int length = anyLength ? rules.limit() : running.get(0).history().generatedLength();
        return isEarly() || score(running.get(0).sum(), length) <= finished.get(beams - 1).score();
    }

    private double score(double sum, int length) {
        return sum / Math.pow(length, options.lengthPenalty());
    }

    /**
     * The best continuations, the best first: enough that as many as there are beams go on, even if
     * each beam ends in each end token.
     */
    private List<Candidate> candidates(List<double[]> logits) {
        int count = Math.max(2, 1 + options.endTokens().size()) * beams;
        Comparator<Candidate> worstFirst =
                Comparator.comparingDouble(Candidate::sum)
                        .thenComparing(Candidate::parent, Comparator.reverseOrder())
                        .thenComparing(Candidate::token, Comparator.reverseOrder());
        PriorityQueue<Candidate> best = new PriorityQueue<>(worstFirst);
        for (int beam = 0; beam < running.size(); beam++) {
            double before = running.get(beam).sum();
            double[] logs = Distribution.logSoftmax(logits.get(beam));
            pipeline.change(running.get(beam).history(), logs);
            for (int token = 0; token < logs.length; token++) {
                double sum = before + logs[token];
                Candidate worst = best.size() < count ? null : best.element();
                if (sum != Double.NEGATIVE_INFINITY && beats(sum, worst)) {
                    best.add(new Candidate(beam, token, sum));
                    if (best.size() > count) {
                        best.remove();
                    }
                }
            }
        }
        if (best.isEmpty()) {
            throw LogitsPipeline.allForbidden(running.get(0).history());
        }
        List<Candidate> sorted = new ArrayList<>(best);
        sorted.sort(worstFirst.reversed());
        return sorted;
    }

    private static boolean beats(double sum, @Nullable Candidate worst) {
        return worst == null || sum > worst.sum();
    }
}

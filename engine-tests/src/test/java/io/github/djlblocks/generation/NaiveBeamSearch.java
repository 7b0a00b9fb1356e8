package io.github.djlblocks.generation;

import io.github.djlblocks.generate.EarlyStopping;
import io.github.djlblocks.generate.GenerationOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Beam search of one prompt as Hugging Face transformers 4.51 writes it down, without a cache: each
 * beam is read anew from its first token at every step.
 */
final class NaiveBeamSearch {

    private static final double SENTINEL = -1e9;

    /** Log-probabilities of what comes after generated tokens. */
    interface Model {
        double[] logProbabilities(long... generated);
    }

    @SuppressWarnings("ArrayRecordComponent") // a carrier of values, not a key
    record Hypothesis(long[] tokens, double score) {}

    private NaiveBeamSearch() {}

    static List<Hypothesis> run(Model model, GenerationOptions options) {
        int beams = options.numBeams();
        int kept = Math.max(2, 1 + options.endTokens().size()) * beams;
        boolean early = options.earlyStopping() == EarlyStopping.WHEN_FULL;
        List<Hypothesis> running = new ArrayList<>();
        List<Hypothesis> sequences = new ArrayList<>();
        for (int i = 0; i < beams; i++) {
            running.add(new Hypothesis(new long[0], i == 0 ? 0 : SENTINEL));
            sequences.add(new Hypothesis(new long[0], SENTINEL));
        }
        for (int length = 1; ; length++) {
            List<Hypothesis> top = continuations(model, running).subList(0, kept);
            boolean full = isFull(sequences);
            List<Hypothesis> going = new ArrayList<>();
            List<Hypothesis> merged = new ArrayList<>(sequences);
            boolean anyValid = false;
            for (int i = 0; i < kept; i++) {
                Hypothesis beam = top.get(i);
                boolean stops =
                        length == options.maxNewTokens()
                                || options.endTokens().contains(beam.tokens()[length - 1]);
                anyValid |= !stops;
                going.add(new Hypothesis(beam.tokens(), beam.score() + (stops ? SENTINEL : 0)));
                if (stops && i < beams && !(full && early)) {
                    merged.add(
                            new Hypothesis(
                                    beam.tokens(),
                                    beam.score() / Math.pow(length, options.lengthPenalty())));
                }
            }
            running = sorted(going).subList(0, beams);
            sequences = sorted(merged).subList(0, beams);
            if (!anyValid || isDecided(options, running.get(0), sequences, length)) {
                return sequences.stream().filter(beam -> beam.tokens().length > 0).toList();
            }
        }
    }

    private static boolean isDecided(
            GenerationOptions options, Hypothesis best, List<Hypothesis> sequences, int length) {
        if (!isFull(sequences)) {
            return false;
        }
        boolean never =
                options.earlyStopping() == EarlyStopping.NEVER && options.lengthPenalty() > 0;
        int assumed = never ? options.maxNewTokens() : length;
        double possible = best.score() / Math.pow(assumed, options.lengthPenalty());
        return options.earlyStopping() == EarlyStopping.WHEN_FULL
                || possible <= sequences.get(sequences.size() - 1).score();
    }

    private static boolean isFull(List<Hypothesis> sequences) {
        return sequences.stream().allMatch(beam -> beam.tokens().length > 0);
    }

    private static List<Hypothesis> continuations(Model model, List<Hypothesis> running) {
        List<Hypothesis> all = new ArrayList<>();
        for (Hypothesis beam : running) {
            double[] logs = model.logProbabilities(beam.tokens());
            for (int token = 0; token < logs.length; token++) {
                all.add(
                        new Hypothesis(
                                RandomModels.join(beam.tokens(), token),
                                beam.score() + logs[token]));
            }
        }
        return sorted(all);
    }

    private static List<Hypothesis> sorted(List<Hypothesis> beams) {
        return beams.stream()
                .sorted(Comparator.comparingDouble(Hypothesis::score).reversed())
                .toList();
    }
}

package io.github.djlblocks.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.generate.BeamGroup.Finished;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Beam search over a language model that is a table of random numbers, against the algorithm as
 * Hugging Face transformers 4.51 writes it down, on whole arrays with sentinels, and against the
 * best of all sequences there are.
 */
class BeamGroupTest {

    private static final double SENTINEL = -1e9;
    private static final long[] PROMPT = {2, 0, 1};

    /** Logits that depend on all tokens before. */
    private static double[] logits(long seed, int vocabulary, long[] tokens) {
        Random random = new Random(seed * 31 + Arrays.hashCode(tokens));
        return IntStream.range(0, vocabulary).mapToDouble(i -> 2 * random.nextGaussian()).toArray();
    }

    private static double[] logProbabilities(double... logits) {
        double sum = DoubleStream.of(logits).map(Math::exp).sum();
        return DoubleStream.of(logits).map(logit -> Math.log(Math.exp(logit) / sum)).toArray();
    }

    @Test
    void step_randomModels_giveTheBeamsOfTransformers() {
        Random random = new Random(17);
        int several = 0;
        Set<Integer> lengths = new HashSet<>();
        for (int round = 0; round < 600; round++) {
            int ends = random.nextInt(3);
            int beams = 2 + random.nextInt(3);
            int limit = 1 + random.nextInt(7);
            double penalty = List.of(-1.0, 0.0, 0.6, 1.0, 2.5).get(random.nextInt(5));
            EarlyStopping early = List.of(EarlyStopping.values()).get(random.nextInt(3));
            GenerationOptions options =
                    GenerationOptions.builder()
                            .setMaxNewTokens(limit)
                            .optNumBeams(beams)
                            .optLengthPenalty(penalty)
                            .optEarlyStopping(early)
                            .optEndTokens(
                                    LongStream.range(3, 3 + ends)
                                            .boxed()
                                            .collect(Collectors.toSet()))
                            .build();
            List<Finished> found = search(options, round, 13);
            List<Hypothesis> expected = reference(options, round, 13);

            assertThat(found.stream().map(beam -> asList(beam.history().generated())))
                    .as("round %d: %d beams, %s, %s", round, beams, penalty, early)
                    .isEqualTo(expected.stream().map(beam -> asList(beam.tokens())).toList());
            for (int i = 0; i < found.size(); i++) {
                assertThat(found.get(i).score()).isEqualTo(expected.get(i).score(), within(1e-9));
                lengths.add(found.get(i).history().generatedLength());
            }
            several += found.size() > 1 ? 1 : 0;
        }
        assertThat(several).isEqualTo(600);
        assertThat(lengths).containsOnly(1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void step_beamsForAll_findsTheBestOfAllSequences() {
        for (double penalty : new double[] {0, 1, 2}) {
            for (long seed = 0; seed < 30; seed++) {
                GenerationOptions options =
                        GenerationOptions.builder()
                                .setMaxNewTokens(4)
                                .optNumBeams(81)
                                .optLengthPenalty(penalty)
                                .optEarlyStopping(EarlyStopping.NEVER)
                                .optEndTokens(Set.of(1L))
                                .build();
                Hypothesis best = best(seed, new long[0], 0, penalty);
                Finished found = search(options, seed, 3).get(0);
                assertThat(found.history().generated()).isEqualTo(best.tokens());
                assertThat(found.score()).isEqualTo(best.score(), within(1e-9));
            }
        }
    }

    /** Of all sequences of 3 tokens that end in a 1 or at 4. */
    private static Hypothesis best(long seed, long[] tokens, double sum, double penalty) {
        if (tokens.length == 4 || (tokens.length > 0 && tokens[tokens.length - 1] == 1)) {
            return new Hypothesis(tokens, sum / Math.pow(tokens.length, penalty));
        }
        double[] logs = logProbabilities(logits(seed, 3, join(PROMPT, tokens)));
        return IntStream.range(0, 3)
                .mapToObj(next -> best(seed, join(tokens, next), sum + logs[next], penalty))
                .max(Comparator.comparingDouble(Hypothesis::score))
                .orElseThrow();
    }

    private static List<Finished> search(GenerationOptions options, long seed, int vocabulary) {
        StopRules rules = new StopRules(options, List.of(), PROMPT.length, 99);
        BeamGroup group =
                new BeamGroup(
                        options,
                        new LogitsPipeline(options, List.of(), PROMPT.length, rules.limit()),
                        rules,
                        Histories.of(PROMPT));
        while (!group.isDone()) {
            group.step(
                    group.running().stream()
                            .map(beam -> join(PROMPT, beam.history().generated()))
                            .map(tokens -> logits(seed, vocabulary, tokens))
                            .toList());
        }
        return group.finished();
    }

    @SuppressWarnings("ArrayRecordComponent") // a carrier of values, not a key
    private record Hypothesis(long[] tokens, double score) {}

    /** Every beam a row of full length; a score of -1e9 marks one that does not count. */
    private static List<Hypothesis> reference(
            GenerationOptions options, long seed, int vocabulary) {
        int beams = options.numBeams();
        int limit = options.maxNewTokens();
        int kept = Math.max(2, 1 + options.endTokens().size()) * beams;
        boolean early = options.earlyStopping() == EarlyStopping.WHEN_FULL;
        double penalty = options.lengthPenalty();
        List<Hypothesis> running = new ArrayList<>();
        List<Hypothesis> sequences = new ArrayList<>();
        for (int i = 0; i < beams; i++) {
            running.add(new Hypothesis(new long[0], i == 0 ? 0 : SENTINEL));
            sequences.add(new Hypothesis(new long[0], SENTINEL));
        }
        for (int length = 1; ; length++) {
            List<Hypothesis> all = new ArrayList<>();
            for (Hypothesis beam : running) {
                double[] logs =
                        logProbabilities(logits(seed, vocabulary, join(PROMPT, beam.tokens())));
                for (int token = 0; token < vocabulary; token++) {
                    all.add(new Hypothesis(join(beam.tokens(), token), beam.score() + logs[token]));
                }
            }
            List<Hypothesis> top = sorted(all).subList(0, kept);
            boolean full = sequences.stream().allMatch(beam -> beam.tokens().length > 0);
            List<Hypothesis> going = new ArrayList<>();
            List<Hypothesis> merged = new ArrayList<>(sequences);
            boolean anyValid = false;
            for (int i = 0; i < kept; i++) {
                Hypothesis beam = top.get(i);
                boolean stops =
                        length == limit || options.endTokens().contains(beam.tokens()[length - 1]);
                anyValid |= !stops;
                going.add(new Hypothesis(beam.tokens(), beam.score() + (stops ? SENTINEL : 0)));
                double score = beam.score() / Math.pow(length, penalty);
                if (stops && i < beams && !(full && early)) {
                    merged.add(new Hypothesis(beam.tokens(), score));
                }
            }
            running = sorted(going).subList(0, beams);
            sequences = sorted(merged).subList(0, beams);
            boolean never = options.earlyStopping() == EarlyStopping.NEVER && penalty > 0;
            double possible = running.get(0).score() / Math.pow(never ? limit : length, penalty);
            full = sequences.stream().allMatch(beam -> beam.tokens().length > 0);
            double worst = full ? sequences.get(beams - 1).score() : SENTINEL;
            if (!(possible > worst) || (full && early) || !anyValid) {
                return sequences.stream().filter(beam -> beam.tokens().length > 0).toList();
            }
        }
    }

    private static List<Hypothesis> sorted(List<Hypothesis> beams) {
        return beams.stream()
                .sorted(Comparator.comparingDouble(Hypothesis::score).reversed())
                .toList();
    }

    private static List<Long> asList(long... tokens) {
        return LongStream.of(tokens).boxed().toList();
    }

    private static long[] join(long[] first, long... second) {
        long[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}

package io.github.djlblocks.generate;

import static io.github.djlblocks.generate.Histories.ids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.generate.TokenChooser.Choice;
import io.github.djlblocks.generate.TokenLogProbabilities.Candidate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is chosen, how often, and in which order options change the logits. */
class TokenChooserTest {

    private static final double NEVER = Double.NEGATIVE_INFINITY;
    private static final int DRAWS = 50_000;

    /**
     * 99.9th percentile of chi-square with 7 degrees of freedom; the seed is fixed, so that what
     * passes once passes always.
     */
    private static final double CHI_SQUARE_7 = 24.322;

    @Test
    void choose_manyRows_haveTheExactProbabilities() {
        double[] weights = {1, 2, 3, 4, 5, 6, 7, 8};
        double[] logits = IntStream.range(0, 8).mapToDouble(i -> Math.log(weights[i])).toArray();
        TokenChooser chooser = chooser(b -> b.optDoSample(true).optSeed(11));
        int[] rows = new int[8];
        int[] positions = new int[8];
        TokenHistory one = Histories.of(ids(0));
        for (int i = 0; i < DRAWS; i++) {
            TokenHistory row = Histories.of(i, 0, ids(0));
            rows[(int) chooser.choose(row, logits.clone()).token()]++;
            long token = chooser.choose(one, logits.clone()).token();
            positions[(int) token]++;
            one.append(token);
        }
        assertThat(chiSquare(rows, weights)).isLessThan(CHI_SQUARE_7);
        assertThat(chiSquare(positions, weights)).isLessThan(CHI_SQUARE_7);
        // The test can tell: of slightly other weights it would not be so.
        assertThat(chiSquare(rows, 1.5, 2, 3, 4, 5, 6, 7, 7.5)).isGreaterThan(CHI_SQUARE_7);
    }

    private static double chiSquare(int[] counts, double... weights) {
        double total = IntStream.range(0, weights.length).mapToDouble(i -> weights[i]).sum();
        return IntStream.range(0, weights.length)
                .mapToDouble(
                        i -> {
                            double expected = DRAWS * weights[i] / total;
                            return Math.pow(counts[i] - expected, 2) / expected;
                        })
                .sum();
    }

    @Test
    void choose_temperatureAndTopK_haveTheProbabilitiesOfBoth() {
        // Squares of 3, 4 and 5 are the weights at temperature 1/2 of the three largest.
        double[] logits = {Math.log(1), Math.log(5), Math.log(3), Math.log(4)};
        TokenChooser chooser =
                chooser(b -> b.optDoSample(true).optSeed(12).optTemperature(0.5).optTopK(3));
        int[] counts = new int[4];
        for (int i = 0; i < DRAWS; i++) {
            counts[(int) chooser.choose(Histories.of(i, 0, ids(0)), logits.clone()).token()]++;
        }
        assertThat(counts[0]).isZero();
        for (int token = 1; token < 4; token++) {
            double p = Math.pow(Math.exp(logits[token]), 2) / 50;
            double deviation = Math.sqrt(DRAWS * p * (1 - p));
            assertThat((double) counts[token]).isCloseTo(DRAWS * p, within(4 * deviation));
        }
    }

    @Test
    void choose_seed_decidesAllThatIsDrawn() {
        double[] logits = new double[1000];
        long first = draw(chooser(b -> b.optDoSample(true).optSeed(1)), logits);
        assertThat(draw(chooser(b -> b.optDoSample(true).optSeed(1)), logits)).isEqualTo(first);
        assertThat(draw(chooser(b -> b.optDoSample(true).optSeed(2)), logits)).isNotEqualTo(first);
        Set<Long> without =
                Set.copyOf(
                        IntStream.range(0, 20)
                                .mapToObj(i -> draw(chooser(b -> b.optDoSample(true)), logits))
                                .toList());
        assertThat(without).hasSizeGreaterThan(10);
    }

    private static long draw(TokenChooser chooser, double[] logits) {
        return chooser.choose(Histories.of(ids(0)), logits.clone()).token();
    }

    @Test
    void choose_logProbabilities_areOfTheModelBeforeOptions() {
        double[] logits = {Math.log(2), Math.log(5), Math.log(2), Math.log(1)};
        TokenChooser chooser =
                chooser(b -> b.optLogProbabilities(3).optSuppressTokens(Set.of(0L, 1L)));
        Choice choice = chooser.choose(Histories.of(ids(0)), logits);
        assertThat(choice.token()).isEqualTo(2);
        TokenLogProbabilities logs = Objects.requireNonNull(choice.logProbabilities());
        assertThat(logs.token()).isEqualTo(2);
        assertThat(logs.logProbability()).isEqualTo(Math.log(0.2), within(1e-12));
        assertThat(logs.top().stream().map(Candidate::token)).containsExactly(1L, 0L, 2L);
        assertThat(logs.top().get(0).logProbability()).isEqualTo(Math.log(0.5), within(1e-12));
        assertThat(logs.top().get(2).logProbability()).isEqualTo(Math.log(0.2), within(1e-12));
        Choice alone =
                chooser(b -> b.optLogProbabilities(0)).choose(Histories.of(ids(0)), new double[3]);
        assertThat(Objects.requireNonNull(alone.logProbabilities()).top()).isEmpty();
        assertThat(chooser(b -> b).choose(Histories.of(ids(0)), new double[3]).logProbabilities())
                .isNull();
    }

    @Test
    void isPlain_anyRule_isNot() {
        assertThat(chooser(b -> b).isPlain()).isTrue();
        assertThat(chooser(b -> b.optTopK(3).optTemperature(0.5)).isPlain()).isTrue();
        assertThat(chooser(b -> b.optDoSample(true)).isPlain()).isFalse();
        assertThat(chooser(b -> b.optLogProbabilities(0)).isPlain()).isFalse();
        assertThat(chooser(b -> b.optRepetitionPenalty(1.5)).isPlain()).isFalse();
        assertThat(chooser(b -> b.optForcedEosToken(1)).isPlain()).isFalse();
    }

    /** Each pair of rules gives another result in the other order. */
    @Test
    void process_everyRule_comesInTheOrderOfTransformers() {
        double[] logits = {4, 8, 2, 1};
        // (4 + 4) / 2 - 1 - 2 * 0.25, not 4 / 2 + 4 - ...
        process(
                logits,
                b ->
                        b.optLogitBias(Map.of(0L, 4.0))
                                .optRepetitionPenalty(2)
                                .optPresencePenalty(1)
                                .optFrequencyPenalty(0.25),
                Histories.of(ids(3), 0, 0));
        assertThat(logits).containsExactly(2.5, 8, 2, 0.5);

        // An end token is forbidden, and the only one once it is forced.
        double[] ends = {4, 8, 2, 1};
        process(
                ends,
                b ->
                        b.setMaxNewTokens(3)
                                .optEndTokens(Set.of(1L))
                                .optMinNewTokens(3)
                                .optForcedEosToken(1),
                Histories.of(ids(3), 0, 0));
        assertThat(ends).containsExactly(NEVER, 0, NEVER, NEVER);

        // The user's comes after what is suppressed and before temperature.
        double[] own = {4, 8, 2, 1};
        GenerationOptions options =
                GenerationOptions.builder()
                        .setMaxNewTokens(9)
                        .optSuppressTokens(Set.of(2L))
                        .optDoSample(true)
                        .optTemperature(2)
                        .optTopK(2)
                        .build();
        LogitsProcessor revive =
                (history, values) -> {
                    assertThat(values).containsExactly(4, 8, NEVER, 1);
                    values[2] = 6;
                };
        new LogitsPipeline(options, List.of(revive), 1, 9).process(Histories.of(ids(3)), own);
        assertThat(own).containsExactly(NEVER, 4, 3, NEVER);
    }

    /** Of the temperature that comes first, top-p sees the flatter distribution. */
    @Test
    void process_samplingRules_temperatureThenTopKThenTopPThenMinP() {
        double[] logits = {Math.log(100), Math.log(36), Math.log(16), Math.log(9), Math.log(1)};
        // Roots 10, 6, 4, 3, 1. Of the first three, 0.5, 0.3 and 0.2, two reach 0.75; at
        // temperature 1 two reach 0.89, and of all five roots two reach 0.67 only.
        process(
                logits,
                b -> b.optDoSample(true).optTemperature(2).optTopK(3).optTopP(0.75),
                Histories.of(ids(0)));
        assertThat(logits[0]).isEqualTo(Math.log(10), within(1e-12));
        assertThat(logits[1]).isEqualTo(Math.log(6), within(1e-12));
        assertThat(logits[2]).isEqualTo(NEVER);
    }

    @Test
    void beginSuppress_afterAForcedToken_isOneLater() {
        for (int generated = 0; generated < 3; generated++) {
            double[] plain = {4, 8, 2, 1};
            process(
                    plain,
                    b -> b.optBeginSuppressTokens(Set.of(2L)),
                    Histories.of(ids(3), new long[generated]));
            assertThat(plain[2] == NEVER).isEqualTo(generated == 0);
            double[] forced = {4, 8, 2, 1};
            process(
                    forced,
                    b -> b.optBeginSuppressTokens(Set.of(2L)).optForcedBosToken(0),
                    Histories.of(ids(3), new long[generated]));
            assertThat(forced[2] == NEVER).isEqualTo(generated < 2);
            assertThat(forced[1] == NEVER).isEqualTo(generated == 0);
        }
    }

    @Test
    void process_nothingLeftOrNoNumber_saysSo() {
        TokenHistory history = Histories.of(5, 0, ids(3), 1);
        assertThatThrownBy(
                        () ->
                                process(
                                        new double[2],
                                        b -> b.optSuppressTokens(Set.of(0L, 1L)),
                                        history))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "every token is forbidden as token 3 of row 5: loosen suppressTokens,"
                                + " badWords, noRepeatNgramSize, minLength, logitBias or the forced"
                                + " tokens");
        for (double wrong : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            LogitsProcessor processor = (tokens, logits) -> logits[1] = wrong;
            LogitsPipeline pipeline =
                    new LogitsPipeline(GenerationOptions.of(1), List.of(processor), 1, 1);
            assertThatThrownBy(() -> pipeline.process(history, new double[2]))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "a processor made a logit of row 5 "
                                    + wrong
                                    + ": it must be a finite number, or negative infinity");
        }
    }

    @Test
    void checkTokens_outsideTheVocabulary_namesThem() {
        String range = ") must be from 0 to 15, the last token of the vocabulary";
        outside("padToken (16" + range, b -> b.optPadToken(16));
        outside("logitBias (17" + range, b -> b.optLogitBias(Map.of(17L, 1.0)));
        outside("suppressTokens (18" + range, b -> b.optSuppressTokens(Set.of(18L, 19L, 2L)));
        outside("beginSuppressTokens (20" + range, b -> b.optBeginSuppressTokens(Set.of(20L)));
        outside("badWords (21" + range, b -> b.optBadWords(List.of(List.of(1L, 21L))));
        outside("forcedBosToken (22" + range, b -> b.optForcedBosToken(22));
        outside("forcedEosToken (23" + range, b -> b.optForcedEosToken(23));
        LogitsPipeline.checkTokens(GenerationOptions.of(1).withEndTokens(Set.of(99L)), 16);
    }

    private static void outside(String message, UnaryOperator<GenerationOptionsBuilder> change) {
        GenerationOptions options = options(change);
        assertThatThrownBy(() -> LogitsPipeline.checkTokens(options, 16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static void process(
            double[] logits, UnaryOperator<GenerationOptionsBuilder> change, TokenHistory history) {
        GenerationOptions options = options(change);
        new LogitsPipeline(options, List.of(), history.promptLength(), options.maxNewTokens())
                .process(history, logits);
    }

    private static TokenChooser chooser(UnaryOperator<GenerationOptionsBuilder> change) {
        GenerationOptions options = options(change);
        return new TokenChooser(options, new LogitsPipeline(options, List.of(), 1, 9));
    }

    private static GenerationOptions options(UnaryOperator<GenerationOptionsBuilder> change) {
        return change.apply(GenerationOptions.builder().setMaxNewTokens(9)).build();
    }
}

package io.github.djlblocks.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every value arrives where it belongs, and none that cannot be gets in. */
class GenerationOptionsTest {

    @Test
    void build_everyValue_isKeptAlsoThroughToBuilder() {
        GenerationOptions options =
                GenerationOptions.builder()
                        .setMaxNewTokens(20)
                        .optMinNewTokens(3)
                        .optMinLength(4)
                        .optDoSample(true)
                        .optTemperature(0.5)
                        .optTopK(6)
                        .optTopP(0.7)
                        .optMinP(0.08)
                        .optTypicalP(0.9)
                        .optRepetitionPenalty(1.1)
                        .optPresencePenalty(-1.2)
                        .optFrequencyPenalty(1.3)
                        .optNoRepeatNgramSize(14)
                        .optLogitBias(Map.of(15L, -1.5))
                        .optSuppressTokens(Set.of(16L))
                        .optBeginSuppressTokens(Set.of(17L))
                        .optBadWords(List.of(List.of(18L, 19L)))
                        .optStopSequences(List.of(List.of(20L), List.of(21L, 22L)))
                        .optForcedBosToken(23)
                        .optForcedEosToken(24)
                        .optLengthPenalty(-0.25)
                        .optEarlyStopping(EarlyStopping.NEVER)
                        .optNumReturnSequences(26)
                        .optEndTokens(Set.of(27L, 28L))
                        .optPadToken(29)
                        .optSeed(-30)
                        .optLogProbabilities(0)
                        .build();
        for (GenerationOptions same : List.of(options, options.toBuilder().build())) {
            assertThat(same.maxNewTokens()).isEqualTo(20);
            assertThat(same.maxLength()).isZero();
            assertThat(same.minNewTokens()).isEqualTo(3);
            assertThat(same.minLength()).isEqualTo(4);
            assertThat(same.doSample()).isTrue();
            assertThat(same.temperature()).isEqualTo(0.5);
            assertThat(same.topK()).isEqualTo(6);
            assertThat(same.topP()).isEqualTo(0.7);
            assertThat(same.minP()).isEqualTo(0.08);
            assertThat(same.typicalP()).isEqualTo(0.9);
            assertThat(same.repetitionPenalty()).isEqualTo(1.1);
            assertThat(same.presencePenalty()).isEqualTo(-1.2);
            assertThat(same.frequencyPenalty()).isEqualTo(1.3);
            assertThat(same.noRepeatNgramSize()).isEqualTo(14);
            assertThat(same.logitBias()).isEqualTo(Map.of(15L, -1.5));
            assertThat(same.suppressTokens()).containsExactly(16L);
            assertThat(same.beginSuppressTokens()).containsExactly(17L);
            assertThat(same.badWords()).isEqualTo(List.of(List.of(18L, 19L)));
            assertThat(same.stopSequences()).isEqualTo(List.of(List.of(20L), List.of(21L, 22L)));
            assertThat(same.forcedBosToken()).isEqualTo(OptionalLong.of(23));
            assertThat(same.forcedEosToken()).isEqualTo(OptionalLong.of(24));
            assertThat(same.lengthPenalty()).isEqualTo(-0.25);
            assertThat(same.earlyStopping()).isEqualTo(EarlyStopping.NEVER);
            assertThat(same.numReturnSequences()).isEqualTo(26);
            assertThat(same.endTokens()).containsExactlyInAnyOrder(27L, 28L);
            assertThat(same.padToken()).isEqualTo(29);
            assertThat(same.seed()).isEqualTo(OptionalLong.of(-30));
            assertThat(same.logProbabilities()).isEqualTo(OptionalInt.of(0));
        }
        GenerationOptions beams = GenerationOptions.of(5).toBuilder().optNumBeams(31).build();
        assertThat(beams.toBuilder().build().numBeams()).isEqualTo(31);
    }

    @Test
    void of_count_isGreedyWithoutAnyRule() {
        GenerationOptions options = GenerationOptions.of(7);
        assertThat(options.maxNewTokens()).isEqualTo(7);
        assertThat(options.doSample()).isFalse();
        assertThat(options.numBeams()).isEqualTo(1);
        assertThat(options.numReturnSequences()).isEqualTo(1);
        assertThat(options.earlyStopping()).isEqualTo(EarlyStopping.HEURISTIC);
        assertThat(options.lengthPenalty()).isEqualTo(1);
        assertThat(options.logProbabilities()).isEmpty();
        assertThat(options.seed()).isEmpty();
        assertThat(new LogitsPipeline(options, List.of(), 3, 7).isEmpty()).isTrue();
        GenerationOptions sampling = options.toBuilder().optDoSample(true).build();
        assertThat(new LogitsPipeline(sampling, List.of(), 3, 7).isEmpty()).isTrue();
    }

    @Test
    void with_another_changesThatAlone() {
        GenerationOptions options = GenerationOptions.builder().setMaxLength(9).build();
        assertThat(options.maxLength()).isEqualTo(9);
        assertThat(options.maxNewTokens()).isZero();
        GenerationOptions counted =
                options.withMaxNewTokens(4).withEndTokens(Set.of(5L)).withPadToken(6);
        assertThat(counted.maxNewTokens()).isEqualTo(4);
        assertThat(counted.maxLength()).isZero();
        assertThat(counted.endTokens()).containsExactly(5L);
        assertThat(counted.padToken()).isEqualTo(6);
        assertThat(counted.toBuilder().setMaxLength(8).build().maxNewTokens()).isZero();
    }

    @Test
    void build_collections_areCopied() {
        Set<Long> ends = new HashSet<>(Set.of(1L));
        Map<Long, Double> bias = new HashMap<>(Map.of(2L, 0.5));
        List<Long> word = new ArrayList<>(List.of(3L));
        GenerationOptions options =
                GenerationOptions.builder()
                        .setMaxNewTokens(4)
                        .optEndTokens(ends)
                        .optLogitBias(bias)
                        .optBadWords(List.of(word))
                        .build();
        ends.add(9L);
        bias.clear();
        word.add(9L);
        assertThat(options.endTokens()).containsExactly(1L);
        assertThat(options.logitBias()).isEqualTo(Map.of(2L, 0.5));
        assertThat(options.badWords()).isEqualTo(List.of(List.of(3L)));
    }

    @Test
    void build_lengthsThatCannotBe_namesThem() {
        refused("maxNewTokens (0) must be at least 1", b -> b.setMaxNewTokens(0));
        refused("maxNewTokens (-1) must be at least 1", b -> b.setMaxNewTokens(-1));
        refused(
                "maxLength (1) must be at least 2: it counts the prompt too",
                b -> b.setMaxLength(1));
        refused("minNewTokens (-2) must be at least 0", b -> b.optMinNewTokens(-2));
        refused("minLength (-3) must be at least 0", b -> b.optMinLength(-3));
        refused(
                "minNewTokens (11) is more than maxNewTokens (10): lower the one or raise the"
                        + " other",
                b -> b.optMinNewTokens(11));
        refused(
                "minLength (13) is more than maxLength (12): lower the one or raise the other",
                b -> b.setMaxLength(12).optMinLength(13));
        refused("logProbabilities (-4) must be at least 0", b -> b.optLogProbabilities(-4));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.5, Double.NaN, Double.POSITIVE_INFINITY})
    void build_factorsThatCannotBe_namesThem(double value) {
        refused(
                "temperature ("
                        + value
                        + ") must be a finite number above 0: for the likeliest token set doSample"
                        + " to false",
                b -> b.optTemperature(value));
        refused(
                "repetitionPenalty ("
                        + value
                        + ") must be a finite number above 0, where 1 is no penalty",
                b -> b.optRepetitionPenalty(value));
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1.1, Double.NaN, Double.POSITIVE_INFINITY})
    void build_sharesThatCannotBe_namesThem(double value) {
        String share = " (" + value + ") must be above 0 and at most 1, where 1 allows every token";
        refused("topP" + share, b -> b.optTopP(value));
        refused("typicalP" + share, b -> b.optTypicalP(value));
        refused(
                "minP (" + value + ") must be from 0, which allows every token, to 1",
                b -> b.optMinP(value));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY})
    void build_numbersThatAreNone_namesThem(double value) {
        String number = " (" + value + ") must be a finite number";
        refused("presencePenalty" + number, b -> b.optPresencePenalty(value));
        refused("frequencyPenalty" + number, b -> b.optFrequencyPenalty(value));
        refused("lengthPenalty" + number, b -> b.optLengthPenalty(value));
    }

    @Test
    void build_otherNumbersThatCannotBe_namesThem() {
        refused(
                "topP (0.0) must be above 0 and at most 1, where 1 allows every token",
                b -> b.optTopP(0));
        refused("topK (-1) must be at least 0, where 0 allows every token", b -> b.optTopK(-1));
        refused("noRepeatNgramSize (-2) must be at least 0", b -> b.optNoRepeatNgramSize(-2));
        for (double bias : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            refused(
                    "logitBias of token 3 ("
                            + bias
                            + ") must be a finite number, or negative infinity to forbid the"
                            + " token",
                    b -> b.optLogitBias(Map.of(3L, bias)));
        }
    }

    @Test
    void build_tokensThatCannotBe_namesThem() {
        String negative = " has the token -1: token ids are at least 0";
        refused("logitBias" + negative, b -> b.optLogitBias(Map.of(-1L, 1.0)));
        refused("suppressTokens" + negative, b -> b.optSuppressTokens(Set.of(-1L)));
        refused("beginSuppressTokens" + negative, b -> b.optBeginSuppressTokens(Set.of(-1L)));
        refused("endTokens" + negative, b -> b.optEndTokens(Set.of(-1L)));
        refused("badWords" + negative, b -> b.optBadWords(List.of(List.of(2L, -1L))));
        refused("stopSequences" + negative, b -> b.optStopSequences(List.of(List.of(-1L))));
        refused("forcedBosToken" + negative, b -> b.optForcedBosToken(-1));
        refused("forcedEosToken" + negative, b -> b.optForcedEosToken(-1));
        refused("padToken" + negative, b -> b.optPadToken(-1));
        String empty = " has an entry without tokens: give each at least one";
        refused("badWords" + empty, b -> b.optBadWords(List.of(List.of(1L), List.of())));
        refused("stopSequences" + empty, b -> b.optStopSequences(List.of(List.of())));
    }

    @Test
    void build_beamsThatCannotBe_namesThem() {
        refused("numBeams (0) must be at least 1", b -> b.optNumBeams(0));
        refused("numReturnSequences (0) must be at least 1", b -> b.optNumReturnSequences(0));
        refused(
                "numBeams (3) cannot be more than 1 with doSample: beams are searched, not drawn;"
                        + " set one of the two",
                b -> b.optNumBeams(3).optDoSample(true));
        refused(
                "numReturnSequences (3) is more than numBeams (2): search more beams, or set"
                        + " doSample",
                b -> b.optNumBeams(2).optNumReturnSequences(3));
        refused(
                "logProbabilities cannot be reported by a search of 2 beams: its results have"
                        + " scores; set numBeams to 1",
                b -> b.optNumBeams(2).optLogProbabilities(1));
    }

    private static void refused(String message, UnaryOperator<GenerationOptionsBuilder> change) {
        GenerationOptionsBuilder builder = GenerationOptions.builder().setMaxNewTokens(10);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> change.apply(builder).build())
                .withMessage(message);
    }
}

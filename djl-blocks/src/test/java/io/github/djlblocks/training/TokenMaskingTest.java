package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.training.TokenMasking.Masked;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Counts of random events are compared with their expectation within five standard deviations of a
 * binomial, sqrt(n p (1 - p)), which one seed in two million would miss; the seeds are fixed.
 */
class TokenMaskingTest {

    private static final int TOKENS = 200_000;
    private static final int VOCABULARY = 1000;
    private static final long MASK = 999;

    /** Tokens 3 to 502, so that neither the mask token nor a special one is among them. */
    private static final long[] TEXT = LongStream.range(0, TOKENS).map(i -> 3 + i % 500).toArray();

    @Test
    void apply_manyTokens_choosesAndReplacesByTheShares() {
        Masked masked = masking().build().apply(TEXT, 0, 0);

        int chosen = 0;
        int hidden = 0;
        int same = 0;
        double randomSum = 0;
        for (int i = 0; i < TOKENS; i++) {
            if (masked.labels()[i] == MaskedCrossEntropyLoss.IGNORED) {
                assertThat(masked.tokens()[i]).isEqualTo(TEXT[i]);
                continue;
            }
            assertThat(masked.labels()[i]).isEqualTo(TEXT[i]);
            chosen++;
            if (masked.tokens()[i] == MASK) {
                hidden++;
            } else if (masked.tokens()[i] == TEXT[i]) {
                same++;
            } else {
                randomSum += masked.tokens()[i];
            }
        }
        int random = chosen - hidden - same;
        assertCount(chosen, TOKENS, 0.15);
        // A random token is the mask token, and the token itself, once in a vocabulary.
        assertCount(hidden, chosen, 0.8 + 0.1 / VOCABULARY);
        assertCount(same, chosen, 0.1 + 0.1 / VOCABULARY);
        assertCount(random, chosen, 0.1 - 0.2 / VOCABULARY);
        // Uniform on 0 to 998, the mask token left out: deviation 999 / sqrt(12).
        assertThat(randomSum / random)
                .isCloseTo(499, within(5 * 999 / Math.sqrt(12.0 * random) + 1));
    }

    @Test
    void apply_otherShares_areKept() {
        TokenMasking masking =
                masking().optProbability(0.4).optMaskShare(0.2).optRandomShare(0).build();

        Masked masked = masking.apply(TEXT, 0, 0);

        long chosen = chosen(masked).count();
        assertCount(chosen, TOKENS, 0.4);
        assertCount(Arrays.stream(masked.tokens()).filter(t -> t == MASK).count(), chosen, 0.2);
        assertThat(LongStream.range(0, TOKENS).filter(i -> masked.tokens()[(int) i] > 502))
                .allSatisfy(i -> assertThat(masked.tokens()[i.intValue()]).isEqualTo(MASK));
    }

    @Test
    void apply_sameNumbers_hidesTheSame() {
        Masked first = masking().optSeed(7).build().apply(TEXT, 11, 2);
        Masked second = masking().optSeed(7).build().apply(TEXT, 11, 2);

        assertThat(second.tokens()).isEqualTo(first.tokens());
        assertThat(second.labels()).isEqualTo(first.labels());
    }

    /** Independent choices meet in 0.15 * 0.15 of the tokens. */
    @Test
    void apply_anotherSeedSequenceOrRound_hidesIndependently() {
        Masked first = masking().optSeed(7).build().apply(TEXT, 11, 2);

        assertIndependent(first, masking().optSeed(8).build().apply(TEXT, 11, 2));
        assertIndependent(first, masking().optSeed(7).build().apply(TEXT, 12, 2));
        assertIndependent(first, masking().optSeed(7).build().apply(TEXT, 11, 3));
        assertIndependent(first, masking().optSeed(7).build().apply(TEXT, 12, 1));
    }

    @Test
    void apply_specialTokens_areNeverChosen() {
        TokenMasking all = masking().optProbability(1).optSpecialTokens(2, 1).build();
        long[] tokens = {1, 5, 2, 6, 2};

        Masked masked = all.apply(tokens, 0, 0);

        assertThat(masked.labels()).containsExactly(-100, 5, -100, 6, -100);
        assertThat(masked.tokens()[0]).isEqualTo(1);
        assertThat(masked.tokens()[2]).isEqualTo(2);
        assertThat(masked.tokens()[4]).isEqualTo(2);
        assertThat(tokens).containsExactly(1, 5, 2, 6, 2);
    }

    @Test
    void apply_probabilityZero_leavesEverything() {
        Masked masked = masking().optProbability(0).build().apply(TEXT, 0, 0);

        assertThat(masked.tokens()).isEqualTo(TEXT);
        assertThat(chosen(masked)).isEmpty();
    }

    @Test
    void build_valueOutOfRange_namesIt() {
        refuses(
                TokenMasking.builder().setVocabularySize(9),
                "the mask token is missing: call setMaskToken");
        refuses(TokenMasking.builder().setMaskToken(3), "vocabularySize (0) must be at least 1");
        refuses(
                masking().setMaskToken(1000),
                "maskToken (1000) must be one of the vocabulary, 0 to 999");
        refuses(
                masking().optSpecialTokens(4, -1),
                "special token (-1) must be one of the vocabulary, 0 to 999");
        refuses(masking().optProbability(1.5), "probability (1.5) must be from 0 to 1");
        refuses(masking().optMaskShare(-0.1), "maskShare (-0.1) must be from 0 to 1");
        refuses(masking().optRandomShare(Double.NaN), "randomShare (NaN) must be from 0 to 1");
        refuses(
                masking().optRandomShare(0.3),
                "maskShare (0.8) and randomShare (0.3) must not sum to more than 1: the rest stays"
                        + " as it is");
    }

    private static void refuses(TokenMasking.Builder builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static TokenMasking.Builder masking() {
        return TokenMasking.builder()
                .setMaskToken(MASK)
                .setVocabularySize(VOCABULARY)
                .optSpecialTokens(0, 1, 2)
                .optSeed(2024);
    }

    private static LongStream chosen(Masked masked) {
        return Arrays.stream(masked.labels()).filter(l -> l != MaskedCrossEntropyLoss.IGNORED);
    }

    private static void assertIndependent(Masked first, Masked second) {
        long both =
                LongStream.range(0, TOKENS)
                        .filter(i -> first.labels()[(int) i] >= 0 && second.labels()[(int) i] >= 0)
                        .count();
        assertCount(both, TOKENS, 0.15 * 0.15);
    }

    private static void assertCount(long count, long n, double probability) {
        double deviation = Math.sqrt(n * probability * (1 - probability));
        assertThat((double) count).isCloseTo(n * probability, within(5 * deviation));
    }
}

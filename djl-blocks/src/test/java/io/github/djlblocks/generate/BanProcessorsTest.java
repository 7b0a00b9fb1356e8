package io.github.djlblocks.generate;

import static io.github.djlblocks.generate.Histories.ids;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which tokens are forbidden, and when. */
class BanProcessorsTest {

    @Test
    void repeatedNgrams_randomHistories_forbidExactlyWhatWouldRepeat() {
        Random random = new Random(3);
        int forbidden = 0;
        for (int round = 0; round < 300; round++) {
            int length = 1 + random.nextInt(12);
            int size = 1 + random.nextInt(4);
            List<Long> tokens = new ArrayList<>();
            TokenHistory history = Histories.of(ids(0));
            tokens.add(0L);
            for (int i = 1; i < length; i++) {
                long token = random.nextInt(3);
                tokens.add(token);
                history.append(token);
            }
            // A token is to be forbidden if the sequence with it has some run twice at its end.
            Set<List<Long>> runs = new HashSet<>();
            for (int i = 0; i + size <= length; i++) {
                runs.add(List.copyOf(tokens.subList(i, i + size)));
            }
            Set<Long> expected = new HashSet<>();
            for (long token = 0; token < 3; token++) {
                List<Long> longer = new ArrayList<>(tokens);
                longer.add(token);
                if (longer.size() >= size
                        && runs.contains(longer.subList(longer.size() - size, longer.size()))) {
                    expected.add(token);
                }
            }
            forbidden += expected.size();
            assertThat(forbidden(BanProcessors.repeatedNgrams(size), history, 3))
                    .as("%s without repeated runs of %d", tokens, size)
                    .isEqualTo(expected);
        }
        assertThat(forbidden).isGreaterThan(100);
    }

    @Test
    void badWords_lastTokenOfAStartedWord_isForbidden() {
        LogitsProcessor processor =
                BanProcessors.badWords(
                        List.of(
                                List.of(1L),
                                List.of(4L),
                                List.of(2L, 3L),
                                List.of(0L, 2L, 5L),
                                List.of(3L, 2L, 6L)),
                        Set.of(4L));
        assertThat(forbidden(processor, Histories.of(ids(7), 0, 2), 8)).containsOnly(1L, 3L, 5L);
        assertThat(forbidden(processor, Histories.of(ids(3, 2)), 8)).containsOnly(1L, 3L, 6L);
        // Of a single token that ends, Hugging Face lets it come.
        assertThat(forbidden(processor, Histories.of(ids(2), 7), 8)).containsOnly(1L);
        assertThat(forbidden(processor, Histories.of(ids(2)), 8)).containsOnly(1L, 3L);
    }

    @Test
    void suppress_always_suppressAt_oneStepOnly() {
        LogitsProcessor always = BanProcessors.suppress(List.of(2L, 0L));
        LogitsProcessor second = BanProcessors.suppressAt(1, List.of(3L));
        for (int generated = 0; generated < 3; generated++) {
            TokenHistory history = Histories.of(ids(1, 1), new long[generated]);
            assertThat(forbidden(always, history, 4)).containsOnly(0L, 2L);
            assertThat(forbidden(second, history, 4))
                    .isEqualTo(generated == 1 ? Set.of(3L) : Set.of());
        }
    }

    @Test
    void minLengths_beforeThem_forbidEndTokens() {
        LogitsProcessor length = BanProcessors.minLength(5, List.of(1L, 99L));
        LogitsProcessor count = BanProcessors.minNewTokens(3, List.of(2L));
        for (int generated = 0; generated < 5; generated++) {
            // Two of padding count as in Hugging Face.
            TokenHistory history = Histories.of(0, 2, ids(0), new long[generated]);
            assertThat(forbidden(length, history, 4))
                    .isEqualTo(generated + 3 < 5 ? Set.of(1L) : Set.of());
            assertThat(forbidden(count, history, 4))
                    .isEqualTo(generated < 3 ? Set.of(2L) : Set.of());
        }
    }

    @Test
    void forced_atTheirPlace_areTheOnlyTokenLeft() {
        LogitsProcessor second = BanProcessors.forceSecond(2);
        LogitsProcessor last = BanProcessors.forceLast(3, 4);
        for (int generated = 0; generated < 4; generated++) {
            TokenHistory history = Histories.of(ids(0), new long[generated]);
            assertThat(forbidden(second, history, 5))
                    .isEqualTo(generated == 0 ? Set.of(0L, 1L, 3L, 4L) : Set.of());
            assertThat(forbidden(last, history, 5))
                    .isEqualTo(generated == 3 ? Set.of(0L, 1L, 2L, 4L) : Set.of());
        }
        // A prompt of two has its second token.
        assertThat(forbidden(second, Histories.of(ids(0, 1)), 5)).isEmpty();
        double[] logits = {5, 6, -7};
        second.process(Histories.of(ids(1)), logits);
        assertThat(logits[2]).isZero();
    }

    private static Set<Long> forbidden(
            LogitsProcessor processor, TokenHistory history, int vocabulary) {
        double[] logits = new double[vocabulary];
        for (int token = 0; token < vocabulary; token++) {
            logits[token] = token + 0.5;
        }
        processor.process(history, logits);
        Set<Long> forbidden = new HashSet<>();
        for (int token = 0; token < vocabulary; token++) {
            if (logits[token] == Double.NEGATIVE_INFINITY) {
                forbidden.add((long) token);
            }
        }
        return forbidden;
    }
}

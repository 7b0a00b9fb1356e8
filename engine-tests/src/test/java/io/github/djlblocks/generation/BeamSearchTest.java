package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.generate.EarlyStopping;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.generation.NaiveBeamSearch.Hypothesis;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/** Beams over caches that are reordered, in a batch, against a search that knows neither. */
class BeamSearchTest {

    private static final long[][] PROMPTS = {{3, 1, 4, 1, 5}, {9}, {2, 6}};
    private static final double PENALTY = 1.5;

    @EachEngine(leavesNothingOpen = true)
    void generate_causalBatch_givesTheBeamsOfANaiveSearch(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        Set<List<Long>> seen = new HashSet<>();
        for (EarlyStopping early : EarlyStopping.values()) {
            GenerationOptions options = options(early);
            List<GenerationResult> results = generator.generate(PROMPTS, options);
            for (int row = 0; row < PROMPTS.length; row++) {
                long[] prompt = PROMPTS[row];
                check(
                        results,
                        row,
                        options,
                        done -> {
                            long[] all = RandomModels.join(prompt, done);
                            return penalised(RandomModels.logits(model, manager, all), all);
                        });
            }
            results.forEach(r -> seen.add(LongStream.of(r.tokens()).boxed().toList()));
        }
        assertThat(seen).hasSizeGreaterThan(5);
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_encoderDecoderBatch_givesTheBeamsOfANaiveSearch(NDManager manager) {
        EncoderDecoder model = RandomModels.seq2seq(manager, DataType.FLOAT64);
        TokenGenerator generator = TokenGenerator.of(model, manager, 0, 7);
        for (EarlyStopping early : EarlyStopping.values()) {
            GenerationOptions options = options(early);
            List<GenerationResult> results = generator.generate(PROMPTS, options);
            for (int row = 0; row < PROMPTS.length; row++) {
                long[] source = PROMPTS[row];
                check(
                        results,
                        row,
                        options,
                        done -> {
                            long[] all = RandomModels.join(new long[] {0, 7}, done);
                            return penalised(RandomModels.logits(model, manager, source, all), all);
                        });
            }
        }
    }

    private static GenerationOptions options(EarlyStopping early) {
        return GenerationOptions.builder()
                .setMaxNewTokens(6)
                .optNumBeams(3)
                .optNumReturnSequences(2)
                .optLengthPenalty(early == EarlyStopping.NEVER ? 2 : 0.7)
                .optEarlyStopping(early)
                .optEndTokens(Set.of(11L, 13L, 17L, 5L))
                .optRepetitionPenalty(PENALTY)
                .build();
    }

    /** Of log-probabilities, which are negative: multiplied once for each token that occurred. */
    private static double[] penalised(double[] logits, long... tokens) {
        double[] logs = Arrays.stream(RandomModels.softmax(logits)).map(Math::log).toArray();
        LongStream.of(tokens).distinct().forEach(token -> logs[(int) token] *= PENALTY);
        return logs;
    }

    private static void check(
            List<GenerationResult> results,
            int row,
            GenerationOptions options,
            NaiveBeamSearch.Model model) {
        List<Hypothesis> expected = NaiveBeamSearch.run(model, options);
        List<GenerationResult> mine = results.subList(2 * row, 2 * row + 2);
        for (int i = 0; i < 2; i++) {
            GenerationResult result = mine.get(i);
            assertThat(result.prompt()).isEqualTo(row);
            assertThat(result.tokens())
                    .as("%s, beam %d of prompt %d", options.earlyStopping(), i, row)
                    .isEqualTo(expected.get(i).tokens());
            assertThat(result.score().orElseThrow())
                    .isEqualTo(expected.get(i).score(), within(1e-9));
            long last = result.tokens()[result.tokens().length - 1];
            assertThat(result.finishReason())
                    .isEqualTo(
                            options.endTokens().contains(last)
                                    ? FinishReason.END_TOKEN
                                    : FinishReason.MAX_NEW_TOKENS);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_endOfTheContext_endsTheSearch(NDManager manager) {
        CausalLanguageModel model = TinyLlama.random(manager, DataType.FLOAT32);
        GenerationOptions options =
                GenerationOptions.of(99).toBuilder().optNumBeams(2).optPadToken(3).build();
        LeakGuard guard = LeakGuard.of(manager);
        int before = guard.openArrays();
        List<GenerationResult> results =
                TokenGenerator.of(model, manager).generate(new long[][] {{1, 2, 3, 4, 5}}, options);
        assertThat(guard.openArrays()).isEqualTo(before);
        assertThat(results).hasSize(1);
        assertThat(results.get(0).tokens()).hasSize(TinyLlama.CONTEXT - 5);
        assertThat(results.get(0).finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
    }
}

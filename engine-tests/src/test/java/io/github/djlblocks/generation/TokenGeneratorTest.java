package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationOptionsBuilder;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.generate.TokenLogProbabilities;
import io.github.djlblocks.generate.TokenLogProbabilities.Candidate;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Sampling, options, stopping and memory of generation with both kinds of model. */
class TokenGeneratorTest {

    private static final long[][] PROMPTS = {{3, 1, 4, 1, 5}, {9}, {2, 6}};

    private static final Map<Integer, Integer> COUNTING =
            Map.of(1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 1);

    @Test
    void generate_sameSeed_sameTokensOnEveryEngine() {
        Map<String, List<List<Long>>> byEngine = new LinkedHashMap<>();
        for (EngineUnderTest engine : EnginesUnderTest.discover()) {
            try (NDManager manager = engine.newManager()) {
                CausalLanguageModel causal = RandomModels.causal(manager, DataType.FLOAT32);
                EncoderDecoder seq2seq = RandomModels.seq2seq(manager, DataType.FLOAT32);
                List<List<Long>> texts = new ArrayList<>();
                for (long seed = 0; seed < 4; seed++) {
                    GenerationOptions options =
                            sampling(12).optSeed(seed).optTopP(0.9).optTopK(12).build();
                    texts.addAll(texts(TokenGenerator.of(causal, manager), options));
                    texts.addAll(texts(TokenGenerator.of(seq2seq, manager, 0), options));
                }
                assertThat(new HashSet<>(texts)).hasSizeGreaterThan(16);
                byEngine.put(engine.engineName(), texts);
            }
        }
        assertThat(byEngine).hasSizeGreaterThan(1);
        assertThat(new HashSet<>(byEngine.values())).hasSize(1);
    }

    private static List<List<Long>> texts(TokenGenerator generator, GenerationOptions options) {
        return generator.generate(PROMPTS, options).stream()
                .map(result -> LongStream.of(result.tokens()).boxed().toList())
                .toList();
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_otherRowsOfTheBatch_changeNothing(NDManager manager) {
        CausalLanguageModel causal = RandomModels.causal(manager, DataType.FLOAT64);
        EncoderDecoder seq2seq = RandomModels.seq2seq(manager, DataType.FLOAT64);
        for (TokenGenerator generator :
                List.of(
                        TokenGenerator.of(causal, manager),
                        TokenGenerator.of(seq2seq, manager, 0, 7))) {
            GenerationOptions options =
                    sampling(10)
                            .optSeed(5)
                            .optRepetitionPenalty(1.3)
                            .optNoRepeatNgramSize(3)
                            .optEndTokens(Set.of(8L))
                            .build();
            List<List<Long>> together = texts(generator, options);
            long[][] others = {{8, 8}, {9}, {1, 2, 3, 4, 5, 6, 7, 8}};
            long[] alone = generator.generate(others, options).get(1).tokens();
            assertThat(together.get(1)).isEqualTo(LongStream.of(alone).boxed().toList());
            long[] first = generator.generate(new long[][] {PROMPTS[0]}, options).get(0).tokens();
            assertThat(together.get(0)).isEqualTo(LongStream.of(first).boxed().toList());
        }
    }

    /** Greedy with a rule: the loop over a cache against one pass over everything. */
    @EachEngine(leavesNothingOpen = true)
    void generate_greedyWithPenalty_isTheArgMaxOfFullPasses(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        EncoderDecoder both = RandomModels.seq2seq(manager, DataType.FLOAT64);
        GenerationOptions options =
                GenerationOptions.of(9).toBuilder()
                        .optFrequencyPenalty(0.75)
                        .optLogProbabilities(2)
                        .build();
        List<GenerationResult> causal =
                TokenGenerator.of(model, manager).generate(PROMPTS, options);
        List<GenerationResult> seq2seq =
                TokenGenerator.of(both, manager, 0, 7).generate(PROMPTS, options);
        for (int row = 0; row < PROMPTS.length; row++) {
            long[] prompt = PROMPTS[row];
            assertThat(causal.get(row).prompt()).isEqualTo(row);
            check(
                    causal.get(row),
                    done -> RandomModels.logits(model, manager, RandomModels.join(prompt, done)));
            check(
                    seq2seq.get(row),
                    done ->
                            RandomModels.logits(
                                    both,
                                    manager,
                                    prompt,
                                    RandomModels.join(new long[] {0, 7}, done)));
        }
    }

    private interface Naive {
        double[] logits(long... generated);
    }

    private static void check(GenerationResult result, Naive model) {
        long[] tokens = result.tokens();
        assertThat(tokens).hasSize(9);
        assertThat(result.logProbabilities()).hasSize(9);
        assertThat(result.score()).isEmpty();
        for (int i = 0; i < tokens.length; i++) {
            long[] done = Arrays.copyOf(tokens, i);
            double[] logits = model.logits(done);
            double[] p = RandomModels.softmax(logits);
            int best = 0;
            int likeliest = 0;
            for (int token = 0; token < logits.length; token++) {
                int wanted = token;
                logits[token] -= 0.75 * LongStream.of(done).filter(t -> t == wanted).count();
                best = logits[token] > logits[best] ? token : best;
                likeliest = p[token] > p[likeliest] ? token : likeliest;
            }
            assertThat(tokens[i]).isEqualTo(best);
            TokenLogProbabilities reported = result.logProbabilities().get(i);
            assertThat(reported.token()).isEqualTo(best);
            assertThat(reported.logProbability()).isEqualTo(Math.log(p[best]), within(1e-9));
            assertThat(reported.top()).hasSize(2);
            Candidate first = reported.top().get(0);
            assertThat(first.token()).isEqualTo(likeliest);
            assertThat(first.logProbability()).isEqualTo(Math.log(p[likeliest]), within(1e-9));
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_manySequences_haveTheProbabilitiesOfTheirPrompt(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        int each = 300;
        GenerationOptions options =
                sampling(2).optSeed(3).optNumReturnSequences(each).optTopK(4).build();
        List<GenerationResult> results =
                TokenGenerator.of(model, manager)
                        .generate(new long[][] {{3, 1, 4}, {9, 2}}, options);
        assertThat(results).hasSize(2 * each);
        for (int prompt = 0; prompt < 2; prompt++) {
            long[] ids = prompt == 0 ? new long[] {3, 1, 4} : new long[] {9, 2};
            List<GenerationResult> mine = results.subList(prompt * each, (prompt + 1) * each);
            int number = prompt;
            assertThat(mine).allMatch(result -> result.prompt() == number);
            long[] firsts = mine.stream().mapToLong(result -> result.tokens()[0]).toArray();
            checkShares(firsts, RandomModels.logits(model, manager, ids));
            long common = firsts[0];
            long[] seconds =
                    mine.stream()
                            .filter(result -> result.tokens()[0] == common)
                            .mapToLong(result -> result.tokens()[1])
                            .toArray();
            assertThat(seconds).hasSizeGreaterThan(20);
            checkShares(
                    seconds, RandomModels.logits(model, manager, RandomModels.join(ids, common)));
        }
    }

    /** Within four and a half deviations of a binomial, of each of the four largest. */
    private static void checkShares(long[] tokens, double... logits) {
        double fourth = Arrays.stream(logits).sorted().toArray()[logits.length - 4];
        double[] allowed =
                Arrays.stream(logits)
                        .map(logit -> logit < fourth ? Double.NEGATIVE_INFINITY : logit)
                        .toArray();
        double[] p = RandomModels.softmax(allowed);
        for (int token = 0; token < p.length; token++) {
            int wanted = token;
            double count = LongStream.of(tokens).filter(t -> t == wanted).count();
            double expected = tokens.length * p[token];
            double deviation = Math.sqrt(expected * (1 - p[token]));
            assertThat(count).as("token %d", token).isCloseTo(expected, within(4.5 * deviation));
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_rules_changeWhatCountingGives(NDManager manager) {
        CausalLanguageModel model = TinyLlama.successor(manager, COUNTING);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        GenerationOptions options = GenerationOptions.of(5).withEndTokens(Set.of(4L));
        long[][] prompt = {{1}};
        assertThat(generator.generate(prompt, options).get(0).tokens()).containsExactly(2, 3, 4);
        // Where nothing may follow all else is as likely, and the smallest comes.
        assertThat(
                        generator
                                .generate(prompt, options.toBuilder().optMinNewTokens(4).build())
                                .get(0)
                                .tokens())
                .containsExactly(2, 3, 0, 0, 0);
        assertThat(
                        generator
                                .generate(prompt, options.toBuilder().optForcedBosToken(6).build())
                                .get(0)
                                .tokens())
                .containsExactly(6, 7, 8, 1, 2);
        assertThat(
                        generator
                                .generate(prompt, options.toBuilder().setMaxLength(3).build())
                                .get(0)
                                .tokens())
                .containsExactly(2, 3);
        TokenGenerator own =
                generator.withProcessor(
                        (history, logits) -> logits[10 + history.generatedLength()] = 99);
        assertThat(own.generate(prompt, options).get(0).tokens())
                .containsExactly(10, 11, 12, 13, 14);
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_whatCannotBe_saysWhyAndLeavesNothing(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        EncoderDecoder both = RandomModels.seq2seq(manager, DataType.FLOAT32);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        LeakGuard guard = LeakGuard.of(manager);
        int before = guard.openArrays();
        refused("there is no prompt: give at least one", generator, GenerationOptions.of(1));
        refused(
                "prompt 1 is empty: give at least one token",
                generator,
                GenerationOptions.of(1),
                new long[] {1},
                new long[0]);
        refused(
                "prompt 0 is empty: give at least one token",
                TokenGenerator.of(both, manager, 0),
                GenerationOptions.of(1),
                new long[0]);
        refused(
                "a prompt of 64 tokens leaves no room in the context of 64: shorten it to at most"
                        + " 63",
                generator,
                GenerationOptions.of(1),
                new long[64]);
        refused(
                "suppressTokens (20) must be from 0 to 19, the last token of the vocabulary",
                generator,
                sampling(1).optSuppressTokens(Set.of(20L)).build(),
                new long[] {1});
        refused(
                "suppressTokens (20) must be from 0 to 19, the last token of the vocabulary",
                TokenGenerator.of(both, manager, 0),
                sampling(1).optSuppressTokens(Set.of(20L)).build(),
                new long[] {1});
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenGenerator.of(both, manager))
                .withMessage(
                        "a decoder needs a token to start from: give the model's"
                                + " decoder_start_token_id");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                generator.stream(
                                        PROMPTS,
                                        GenerationOptions.of(3).toBuilder().optNumBeams(4).build()))
                .withMessage(
                        "a search of 4 beams knows its tokens at the end only: call generate, or"
                                + " set numBeams to 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GreedyDecoder.start(model, manager, PROMPTS, sampling(1).build()))
                .withMessage(
                        "a greedy decoder does not sample: use TokenGenerator, or set doSample to"
                                + " false");
        Set<Long> all = Set.copyOf(LongStream.range(0, 20).boxed().toList());
        for (int beams = 1; beams < 3; beams++) {
            GenerationOptions nothing =
                    GenerationOptions.of(3).toBuilder()
                            .optSuppressTokens(all)
                            .optNumBeams(beams)
                            .build();
            assertThatThrownBy(() -> generator.generate(PROMPTS, nothing))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("every token is forbidden as token 6 of row 0: loosen");
        }
        assertThat(guard.openArrays()).isEqualTo(before);
    }

    private static void refused(
            String message,
            TokenGenerator generator,
            GenerationOptions options,
            long[]... prompts) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(prompts, options))
                .withMessage(message);
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_weightsThatAreNotNumbers_saysSoInEveryWay(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        ParameterPaths.of(model).values().forEach(p -> p.getArray().muli(Float.NaN));
        for (GenerationOptions options :
                List.of(
                        GenerationOptions.of(3),
                        sampling(3).build(),
                        GenerationOptions.of(3).toBuilder().optNumBeams(2).build())) {
            assertThatThrownBy(() -> TokenGenerator.of(model, manager).generate(PROMPTS, options))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "the logits of token 6 are not finite: the weights hold an infinity or"
                                + " a NaN, or float32 overflowed; check the checkpoint, or load it"
                                + " in a wider type");
        }
    }

    private static GenerationOptionsBuilder sampling(int count) {
        return GenerationOptions.builder().setMaxNewTokens(count).optDoSample(true);
    }
}

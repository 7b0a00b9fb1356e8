package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.PromptCache;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.generate.TokenStream;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** A draft model changes how many passes there are, and nothing else. */
class SpeculationTest {

    private static final long[][] PROMPT = {{3, 1, 4, 1, 5}};
    private static final int TOKENS = 30;

    private static List<GenerationOptions> options() {
        GenerationOptions greedy = GenerationOptions.of(TOKENS);
        return List.of(
                greedy,
                greedy.toBuilder().optFrequencyPenalty(0.5).optLogProbabilities(2).build(),
                greedy.toBuilder()
                        .optDoSample(true)
                        .optSeed(4)
                        .optTopP(0.9)
                        .optRepetitionPenalty(1.2)
                        .build(),
                greedy.toBuilder()
                        .optDoSample(true)
                        .optSeed(6)
                        .optEndTokens(Set.of(2L, 12L))
                        .optMinNewTokens(9)
                        .build());
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_anyDraft_givesTheTokensOfTheModelAlone(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        for (double noise : new double[] {0.05, 3}) {
            CausalLanguageModel draft = RandomModels.causal(manager, DataType.FLOAT64, noise);
            int passes = 0;
            int tokens = 0;
            for (GenerationOptions options : options()) {
                TokenGenerator alone = TokenGenerator.of(model, manager);
                GenerationResult expected = alone.generate(PROMPT, options).get(0);
                for (int guesses : new int[] {1, 4}) {
                    try (TokenStream stream =
                            alone.withDraft(draft, guesses).stream(PROMPT, options)) {
                        stream.forEachRemaining(step -> {});
                        GenerationResult found = stream.results().get(0);
                        assertThat(found.tokens()).isEqualTo(expected.tokens());
                        assertThat(found.finishReason()).isEqualTo(expected.finishReason());
                        assertThat(found.logProbabilities())
                                .hasSameSizeAs(expected.logProbabilities());
                        passes += stream.passes();
                        tokens += found.tokens().length;
                    }
                }
            }
            // The nearer the draft, the fewer passes: at most one for each token.
            assertThat(passes).isLessThan(noise < 1 ? tokens * 3 / 4 : tokens + 1);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_draftThatIsTheModel_needsOnePassForAllGuessesAndOneMore(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        LeakGuard guard = LeakGuard.of(manager);
        int before = guard.openArrays();
        for (GenerationOptions options : options().subList(0, 3)) {
            TokenStream plain = generator.stream(PROMPT, options);
            plain.forEachRemaining(step -> {});
            assertThat(plain.passes()).isEqualTo(TOKENS);
            plain.close();
            TokenStream stream = generator.withDraft(model, 4).stream(PROMPT, options);
            stream.forEachRemaining(step -> {});
            // The prompt gives one token, five passes of 4 guesses 25, the last 4.
            assertThat(stream.passes()).isEqualTo(7);
            assertThat(stream.tokensRead()).isEqualTo(5 + 5 * 5 + 4);
            assertThat(guard.openArrays()).isGreaterThan(before);
            stream.close();
            assertThat(guard.openArrays()).isEqualTo(before);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_endOfTheContext_isReachedAndNotPassed(NDManager manager) {
        CausalLanguageModel model = TinyLlama.random(manager, DataType.FLOAT64);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        GenerationResult expected = generator.generate(PROMPT, GenerationOptions.of(99)).get(0);
        GenerationResult found =
                generator.withDraft(model, 5).generate(PROMPT, GenerationOptions.of(99)).get(0);
        assertThat(found.tokens()).isEqualTo(expected.tokens()).hasSize(7);
        assertThat(found.finishReason()).isEqualTo(expected.finishReason());
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_closedAmongGuesses_leavesThePromptCacheRight(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        GenerationOptions options = options().get(2);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        long[] expected = generator.generate(PROMPT, options).get(0).tokens();
        try (PromptCache cache = PromptCache.of(model, manager)) {
            TokenGenerator cached = generator.withDraft(model, 4).withPromptCache(cache);
            TokenStream stream = cached.stream(PROMPT, options);
            for (int i = 0; i < 4; i++) {
                stream.next();
            }
            stream.close();
            assertThat(cache.tokens())
                    .startsWith(PROMPT[0])
                    .isEqualTo(RandomModels.join(PROMPT[0], Arrays.copyOf(expected, 4)));
            assertThat(cached.generate(PROMPT, options).get(0).tokens()).isEqualTo(expected);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void withDraft_whatCannotBe_saysWhy(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        CausalLanguageModel small = TinyLlama.random(manager, DataType.FLOAT32);
        TokenGenerator generator = TokenGenerator.of(model, manager);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.withDraft(small, 3))
                .withMessage(
                        "the draft model has a vocabulary of 16 tokens but the model one of 20:"
                                + " both must read the same tokens");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.withDraft(model, 0))
                .withMessage("tokens (0) must be at least 1");
        TokenGenerator drafted = generator.withDraft(model, 3);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> drafted.generate(new long[][] {{1}, {2}}, GenerationOptions.of(3)))
                .withMessage(
                        "a draft model serves one sequence, not 2: give one prompt, with numBeams"
                                + " and numReturnSequences of 1");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                drafted.generate(
                                        PROMPT,
                                        GenerationOptions.of(3).toBuilder().optNumBeams(3).build()))
                .withMessage(
                        "a draft model serves one sequence, not 3: give one prompt, with numBeams"
                                + " and numReturnSequences of 1");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                TokenGenerator.of(
                                                RandomModels.seq2seq(manager, DataType.FLOAT32),
                                                manager,
                                                0)
                                        .withDraft(model, 3))
                .withMessage("a draft model serves a CausalLanguageModel, not an EncoderDecoder");
    }
}

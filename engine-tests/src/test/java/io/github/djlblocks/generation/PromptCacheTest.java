package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.PromptCache;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.generate.TokenStream;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;

/** Turns of a conversation: the same tokens, from fewer that are read. */
class PromptCacheTest {

    private static final GenerationOptions OPTIONS =
            GenerationOptions.builder()
                    .setMaxNewTokens(6)
                    .optDoSample(true)
                    .optSeed(9)
                    .optRepetitionPenalty(1.1)
                    .build();

    @EachEngine(leavesNothingOpen = true)
    void generate_turnAfterTurn_readsOnlyWhatIsNew(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        try (PromptCache cache = PromptCache.of(model, manager)) {
            long[] first = {3, 1, 4, 1, 5};
            long[] answer = turn(model, manager, cache, 5, first);
            long[] second = RandomModels.join(RandomModels.join(first, answer), 9, 2, 6);
            // Of the answer the last token was never read.
            long[] more = turn(model, manager, cache, 4, second);
            assertThat(cache.tokens())
                    .isEqualTo(
                            RandomModels.join(second, more[0], more[1], more[2], more[3], more[4]));

            // Another answer to the first question: what came after it is forgotten.
            turn(model, manager, cache, 2, 3, 1, 4, 1, 5, 8, 8);
            // Word for word: one token is read, for there must be logits.
            turn(model, manager, cache, 1, 3, 1, 4, 1, 5, 8, 8);
            // Shorter than what is held.
            turn(model, manager, cache, 1, 3, 1, 4);
            // Nothing in common.
            turn(model, manager, cache, 2, 7, 1);
        }
    }

    /** Generates with and without the cache; {@code read} tokens of the prompt were not in it. */
    private static long[] turn(
            CausalLanguageModel model,
            NDManager manager,
            PromptCache cache,
            int read,
            long... prompt) {
        TokenGenerator generator = TokenGenerator.of(model, manager);
        long[][] prompts = {prompt};
        GenerationResult expected = generator.generate(prompts, OPTIONS).get(0);
        try (TokenStream stream = generator.withPromptCache(cache).stream(prompts, OPTIONS)) {
            stream.forEachRemaining(step -> {});
            assertThat(stream.results().get(0).tokens()).isEqualTo(expected.tokens());
            assertThat(stream.tokensRead()).isEqualTo(read + 5);
        }
        return expected.tokens();
    }

    @EachEngine(leavesNothingOpen = true)
    void of_cacheThatAPassFilled_isGoneOnFrom(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT64);
        KeyValueCache filled = KeyValueCache.preallocated(manager, model.getLayers(), 30);
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, filled);
        try (NDManager pass = manager.newSubManager()) {
            model.forward(
                    new ParameterStore(pass, false),
                    new NDList(pass.create(new long[][] {{3, 1, 4}})),
                    false,
                    params);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PromptCache.of(model, filled, 3, 1))
                .withMessage(
                        "the cache holds 3 tokens, but 2 were given: name all that were read, in"
                                + " order");
        try (PromptCache cache = PromptCache.of(model, filled, 3, 1, 4)) {
            turn(model, manager, cache, 2, 3, 1, 4, 1, 5);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void generate_memory_isThatOfTheCacheAlone(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        LeakGuard guard = LeakGuard.of(manager);
        int before = guard.openArrays();
        PromptCache cache = PromptCache.of(model, manager);
        turn(model, manager, cache, 3, 1, 2, 3);
        // Keys and values of two layers.
        assertThat(guard.openArrays()).isEqualTo(before + 4);
        turn(model, manager, cache, 1, 1, 2, 4);
        assertThat(guard.openArrays()).isEqualTo(before + 4);
        cache.close();
        cache.close();
        assertThat(guard.openArrays()).isEqualTo(before);
    }

    @EachEngine(leavesNothingOpen = true)
    void stream_whatCannotBe_saysWhy(NDManager manager) {
        CausalLanguageModel model = RandomModels.causal(manager, DataType.FLOAT32);
        PromptCache cache = PromptCache.of(model, manager);
        TokenGenerator generator = TokenGenerator.of(model, manager).withPromptCache(cache);
        long[][] prompt = {{1, 2}};
        TokenStream running = generator.stream(prompt, OPTIONS);
        assertThatIllegalStateException()
                .isThrownBy(() -> generator.stream(prompt, OPTIONS))
                .withMessage(
                        "the prompt cache is in use by another generation: close that one first,"
                                + " or give each its own");
        assertThatIllegalStateException()
                .isThrownBy(cache::close)
                .withMessage("the prompt cache is in use by a generation: close that one first");
        running.next();
        running.close();
        assertThat(generator.generate(prompt, OPTIONS)).hasSize(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(new long[][] {{1}, {2}}, OPTIONS))
                .withMessage(
                        "a prompt cache serves one sequence, not 2: give one prompt, with numBeams"
                                + " and numReturnSequences of 1");
        CausalLanguageModel other = RandomModels.causal(manager, DataType.FLOAT32);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                TokenGenerator.of(other, manager)
                                        .withPromptCache(cache)
                                        .generate(prompt, OPTIONS))
                .withMessage(
                        "the prompt cache was filled by another model: make one for each model");
        cache.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> generator.stream(prompt, OPTIONS))
                .withMessage("the prompt cache is closed: make another");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                TokenGenerator.of(
                                                RandomModels.seq2seq(manager, DataType.FLOAT32),
                                                manager,
                                                0)
                                        .withPromptCache(cache))
                .withMessage("a prompt cache serves a CausalLanguageModel, not an EncoderDecoder");
    }
}

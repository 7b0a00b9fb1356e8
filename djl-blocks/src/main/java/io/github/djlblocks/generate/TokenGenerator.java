package io.github.djlblocks.generate;

import ai.djl.ndarray.NDManager;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Generates tokens with a model: greedily, by sampling or by beam search, as {@link
 * GenerationOptions} say.
 *
 * <p>It holds no native memory and may be used by many threads at once; each generation has its own
 * cache. A batch of prompts of different lengths is padded, and padding masked: on the left for a
 * {@link CausalLanguageModel}, on the right for the encoder of an {@link EncoderDecoder}. With one
 * seed every engine draws the same tokens, as far as their rounding lets the same ones be drawn.
 *
 * <p>The meaning of options is that of Hugging Face transformers 4.51 {@code generate}. Where that
 * lets rows of a batch touch each other, rows are independent here: padding is not a token that was
 * seen, and beams of a prompt that is done stay as they are.
 */
public final class TokenGenerator {

    /** Everything that does not change from one generation to the next. */
    record Settings(
            KernelBlock model,
            NDManager manager,
            List<Long> decoderStartTokens,
            List<LogitsProcessor> processors,
            List<StopCondition> stops,
            @Nullable CausalLanguageModel draft,
            int draftTokens,
            @Nullable PromptCache promptCache) {

        int contextLength() {
            return model instanceof EncoderDecoder both
                    ? both.getDecoder().getContextLength()
                    : ((CausalLanguageModel) model).getContextLength();
        }

        int vocabularySize() {
            return model instanceof EncoderDecoder both
                    ? both.getDecoder().getVocabularySize()
                    : ((CausalLanguageModel) model).getVocabularySize();
        }

        Settings withProcessors(List<LogitsProcessor> all) {
            return new Settings(
                    model,
                    manager,
                    decoderStartTokens,
                    all,
                    stops,
                    draft,
                    draftTokens,
                    promptCache);
        }

        Settings withStops(List<StopCondition> all) {
            return new Settings(
                    model,
                    manager,
                    decoderStartTokens,
                    processors,
                    all,
                    draft,
                    draftTokens,
                    promptCache);
        }

        Settings withDraft(CausalLanguageModel guesser, int tokens) {
            return new Settings(
                    model,
                    manager,
                    decoderStartTokens,
                    processors,
                    stops,
                    guesser,
                    tokens,
                    promptCache);
        }

        Settings withPromptCache(PromptCache cache) {
            return new Settings(
                    model,
                    manager,
                    decoderStartTokens,
                    processors,
                    stops,
                    draft,
                    draftTokens,
                    cache);
        }

        long[] decoderStart() {
            return decoderStartTokens.stream().mapToLong(Long::longValue).toArray();
        }
    }

    private final Settings settings;

    private TokenGenerator(Settings settings) {
        this.settings = settings;
    }

    /**
     * Creates a generator for a decoder.
     *
     * @param model an initialised model
     * @param manager a manager of its engine and device
     * @return the generator
     */
    public static TokenGenerator of(CausalLanguageModel model, NDManager manager) {
        return new TokenGenerator(
                new Settings(model, manager, List.of(), List.of(), List.of(), null, 0, null));
    }

    /**
     * Creates a generator for an encoder-decoder, whose prompts are what the encoder reads.
     *
     * @param model an initialised model
     * @param manager a manager of its engine and device
     * @param decoderStart what the decoder starts from: the start token, and more if the model
     *     wants them, such as a language
     * @return the generator
     * @throws IllegalArgumentException if there is no start token
     */
    public static TokenGenerator of(EncoderDecoder model, NDManager manager, long... decoderStart) {
        if (decoderStart.length == 0) {
            throw new IllegalArgumentException(
                    "a decoder needs a token to start from: give the model's"
                            + " decoder_start_token_id");
        }
        List<Long> tokens = new ArrayList<>();
        for (long token : decoderStart) {
            tokens.add(token);
        }
        return new TokenGenerator(
                new Settings(
                        model, manager, List.copyOf(tokens), List.of(), List.of(), null, 0, null));
    }

    /**
     * Returns a generator that changes logits in one more way, after what the options say of
     * penalties and forbidden tokens and before temperature and truncation.
     *
     * @param processor changes logits; with a draft model also of sequences that are guessed
     * @return the generator
     */
    public TokenGenerator withProcessor(LogitsProcessor processor) {
        List<LogitsProcessor> all = new ArrayList<>(settings.processors());
        all.add(processor);
        return new TokenGenerator(settings.withProcessors(List.copyOf(all)));
    }

    /**
     * Returns a generator that ends sequences by one more condition.
     *
     * @param condition asked after each token
     * @return the generator
     */
    public TokenGenerator withStop(StopCondition condition) {
        List<StopCondition> all = new ArrayList<>(settings.stops());
        all.add(condition);
        return new TokenGenerator(settings.withStops(List.copyOf(all)));
    }

    /**
     * Returns a generator that lets a small model guess tokens, which the model then reads in one
     * pass (speculative decoding, arXiv 2211.17192). The tokens are the same, greedy or sampled;
     * only fewer passes of the model are needed where guesses are right. It serves one sequence at
     * a time.
     *
     * @param draft an initialised model of the same vocabulary, on the same engine and device
     * @param tokens how many to guess at a time, such as 4
     * @return the generator
     * @throws IllegalArgumentException if the vocabularies differ, tokens is below one, or this
     *     generator is for an encoder-decoder
     */
    public TokenGenerator withDraft(CausalLanguageModel draft, int tokens) {
        Checks.positive("tokens", tokens);
        requireCausal("a draft model");
        if (draft.getVocabularySize() != settings.vocabularySize()) {
            throw new IllegalArgumentException(
                    "the draft model has a vocabulary of "
                            + draft.getVocabularySize()
                            + " tokens but the model one of "
                            + settings.vocabularySize()
                            + ": both must read the same tokens");
        }
        return new TokenGenerator(settings.withDraft(draft, tokens));
    }

    /**
     * Returns a generator that reads of each prompt only what its cache does not hold, and leaves
     * in the cache what was read: one turn of a conversation after another. It serves one sequence
     * at a time.
     *
     * @param cache made for the model
     * @return the generator
     * @throws IllegalArgumentException if this generator is for an encoder-decoder
     */
    public TokenGenerator withPromptCache(PromptCache cache) {
        requireCausal("a prompt cache");
        return new TokenGenerator(settings.withPromptCache(cache));
    }

    private void requireCausal(String what) {
        if (!(settings.model() instanceof CausalLanguageModel)) {
            throw new IllegalArgumentException(
                    what
                            + " serves a CausalLanguageModel, not an "
                            + settings.model().getClass().getSimpleName());
        }
    }

    /**
     * Starts a generation whose tokens are taken as they come.
     *
     * @param prompts token ids, a row each, at least one id a row
     * @param options what to generate
     * @return the stream; close it
     * @throws IllegalArgumentException if there is no prompt, an empty one, one that leaves no room
     *     in the context, a token of the options that the vocabulary lacks, or a beam search, whose
     *     tokens are known at its end only
     * @throws IllegalStateException if the prompt cache is in use
     */
    public TokenStream stream(long[][] prompts, GenerationOptions options) {
        if (options.numBeams() > 1) {
            throw new IllegalArgumentException(
                    "a search of "
                            + options.numBeams()
                            + " beams knows its tokens at the end only: call generate, or set"
                            + " numBeams to 1");
        }
        return new TokenStream(new GenerationStart(settings, prompts, options));
    }

    /**
     * Generates to the end.
     *
     * @param prompts token ids, a row each, at least one id a row
     * @param options what to generate
     * @return for each prompt, in order, as many results as {@code numReturnSequences}; of a beam
     *     search the best first
     * @throws IllegalArgumentException if there is no prompt, an empty one, one that leaves no room
     *     in the context, or a token of the options that the vocabulary lacks
     * @throws IllegalStateException if the logits are not finite, options forbid every token, or
     *     the prompt cache is in use
     */
    public List<GenerationResult> generate(long[][] prompts, GenerationOptions options) {
        if (options.numBeams() > 1) {
            return new BeamSearch(new GenerationStart(settings, prompts, options)).run();
        }
        try (TokenStream stream = stream(prompts, options)) {
            stream.forEachRemaining(step -> {});
            return stream.results();
        }
    }
}

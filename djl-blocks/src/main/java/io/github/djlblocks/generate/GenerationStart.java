package io.github.djlblocks.generate;

import ai.djl.ndarray.NDManager;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.generate.TokenGenerator.Settings;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a generation begins with, checked; nothing has been decoded yet. */
final class GenerationStart {

    private final GenerationOptions options;
    private final long[][] prompts;
    private final int longest;
    private final LogitsPipeline pipeline;
    private final StopRules rules;
    private final TokenChooser chooser;
    private final ModelPasses passes;
    private final @Nullable PromptCache promptCache;
    private final @Nullable Speculation speculation;

    GenerationStart(Settings settings, long[][] inputs, GenerationOptions options) {
        this.options = options;
        boolean seq2seq = settings.model() instanceof EncoderDecoder;
        requirePrompts(inputs);
        prompts = inputs.clone();
        if (seq2seq) {
            Arrays.fill(prompts, settings.decoderStart());
        }
        longest = Arrays.stream(prompts).mapToInt(prompt -> prompt.length).max().orElse(0);
        int context = settings.contextLength();
        requireRoom(longest, context);
        LogitsPipeline.checkTokens(options, settings.vocabularySize());
        rules = new StopRules(options, settings.stops(), longest, context);
        pipeline = new LogitsPipeline(options, settings.processors(), longest, rules.limit());
        chooser = new TokenChooser(options, pipeline);
        promptCache = settings.promptCache();
        requireOneRow(settings);
        passes = newPasses(settings, inputs);
        CausalLanguageModel draft = settings.draft();
        speculation =
                draft == null
                        ? null
                        : new Speculation(
                                passes,
                                CausalPasses.start(draft, settings.manager(), null, 0),
                                chooser,
                                settings.draftTokens(),
                                rules.limit());
    }

    private ModelPasses newPasses(Settings settings, long[][] inputs) {
        NDManager manager = settings.manager();
        AdapterChoice adapter =
                options.adapter()
                        .map(name -> AdapterChoice.of(settings.model(), name))
                        .orElse(null);
        if (settings.model() instanceof EncoderDecoder model) {
            return Seq2SeqPasses.start(model, manager, adapter, options.padToken(), inputs);
        }
        CausalLanguageModel model = (CausalLanguageModel) settings.model();
        if (promptCache != null) {
            KeyValueCache cache = promptCache.acquire(model, adapter, prompts[0]);
            return CausalPasses.resume(model, manager, cache, adapter);
        }
        int[] padding =
                Arrays.stream(prompts).mapToInt(prompt -> longest - prompt.length).toArray();
        return CausalPasses.start(model, manager, adapter, padding);
    }

    private static void requirePrompts(long[][] prompts) {
        if (prompts.length == 0) {
            throw new IllegalArgumentException("there is no prompt: give at least one");
        }
        for (int row = 0; row < prompts.length; row++) {
            if (prompts[row].length == 0) {
                throw new IllegalArgumentException(
                        "prompt " + row + " is empty: give at least one token");
            }
        }
    }

    private static void requireRoom(int longest, int contextLength) {
        if (longest >= contextLength) {
            throw new IllegalArgumentException(
                    "a prompt of "
                            + longest
                            + " tokens leaves no room in the context of "
                            + contextLength
                            + ": shorten it to at most "
                            + (contextLength - 1));
        }
    }

    private void requireOneRow(Settings settings) {
        int rows = prompts.length * Math.max(options.numBeams(), options.numReturnSequences());
        if (rows > 1 && (settings.draft() != null || promptCache != null)) {
            throw new IllegalArgumentException(
                    (settings.draft() != null ? "a draft model" : "a prompt cache")
                            + " serves one sequence, not "
                            + rows
                            + ": give one prompt, with numBeams and numReturnSequences of 1");
        }
    }

    GenerationOptions options() {
        return options;
    }

    /** How many prompts there are. */
    int prompts() {
        return prompts.length;
    }

    ModelPasses passes() {
        return passes;
    }

    StopRules rules() {
        return rules;
    }

    LogitsPipeline pipeline() {
        return pipeline;
    }

    TokenChooser chooser() {
        return chooser;
    }

    @Nullable Speculation speculation() {
        return speculation;
    }

    TokenHistory newHistory(int row, int prompt) {
        return new TokenHistory(row, longest - prompts[prompt].length, prompts[prompt]);
    }

    /** The first tokens to read: prompts padded on the left, without what a cache holds. */
    long[][] feed() {
        int held = passes.length();
        long[][] feed = new long[prompts.length][longest - held];
        for (int row = 0; row < feed.length; row++) {
            long[] prompt = prompts[row];
            int padding = longest - prompt.length;
            Arrays.fill(feed[row], 0, padding, options.padToken());
            System.arraycopy(prompt, held, feed[row], padding, prompt.length - held);
        }
        return feed;
    }

    /** Frees everything; a prompt cache keeps what was read of a sequence. */
    void close(TokenHistory history) {
        passes.close();
        if (speculation != null) {
            speculation.close();
        }
        if (promptCache != null) {
            promptCache.release(history);
        }
    }
}

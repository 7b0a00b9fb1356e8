package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.PromptCache;
import io.github.djlblocks.generate.TokenLogProbabilities;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Text in, text out: tokenizer, model and generation together.
 *
 * <p>Options that a caller does not give are those of the model's {@code generation_config.json}: a
 * model whose file says so samples.
 *
 * <p>It may be used from many threads at once; each call has its own cache. A call that fails or is
 * cancelled leaves nothing behind. {@link #close} waits for the calls that are running; close it
 * before the model, which waits for nobody.
 */
public final class TextGenerator implements AutoCloseable {

    private final Prompts prompts;
    private final TextModel model;
    private final TextRuns runs;
    private final HuggingFaceTokenizer tokenizer;
    private final TextOptions defaults;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    private TextGenerator(TextModel model, HuggingFaceTokenizer tokenizer, Path directory) {
        this.model = model;
        this.tokenizer = tokenizer;
        defaults = model.defaults();
        prompts = new Prompts(tokenizer, directory);
        runs = new TextRuns(this, model, tokenizer);
    }

    /**
     * Creates a generator for a loaded model, with the tokenizer of its directory.
     *
     * @param model a model loaded through {@link HuggingFaceModels#textGeneration} or {@link
     *     HuggingFaceModels#textToText}
     * @return the generator
     * @throws IOException if a file of the directory cannot be read
     * @throws IllegalArgumentException if the model is neither a causal language model nor an
     *     encoder-decoder, the tokenizer has tokens that it does not know, or
     *     generation_config.json says what cannot be done
     */
    public static TextGenerator of(Model model) throws IOException {
        return of(model.getBlock(), model.getNDManager(), model.getModelPath());
    }

    /**
     * Creates a generator.
     *
     * @param block an initialised model
     * @param manager a manager of its engine and device
     * @param directory the directory with tokenizer.json and config.json
     * @return the generator
     * @throws IOException if a file of the directory cannot be read
     * @throws IllegalArgumentException if the tokenizer has tokens that the model does not know, or
     *     generation_config.json says what cannot be done
     */
    public static TextGenerator of(CausalLanguageModel block, NDManager manager, Path directory)
            throws IOException {
        return of((Block) block, manager, directory);
    }

    /**
     * Creates a generator for an encoder-decoder: prompts are what its encoder reads.
     *
     * @param block an initialised model
     * @param manager a manager of its engine and device
     * @param directory the directory with tokenizer.json and config.json
     * @return the generator
     * @throws IOException if a file of the directory cannot be read
     * @throws IllegalArgumentException if the tokenizer has tokens that the model does not know, no
     *     file says what the decoder starts from, or generation_config.json says what cannot be
     *     done
     */
    public static TextGenerator of(EncoderDecoder block, NDManager manager, Path directory)
            throws IOException {
        return of((Block) block, manager, directory);
    }

    private static TextGenerator of(Block block, NDManager manager, Path directory)
            throws IOException {
        TextModel model = TextModel.of(block, manager, directory);
        boolean opened = false;
        try {
            TextGenerator generator =
                    new TextGenerator(
                            model,
                            TokenizerFile.open(directory, model.vocabularySize()),
                            directory);
            opened = true;
            return generator;
        } finally {
            if (!opened) {
                model.manager().close();
            }
        }
    }

    /**
     * Returns the options of the model's generation_config.json. Without a length there, text goes
     * on to an end token or to the end of the context.
     *
     * @return the options
     */
    public TextOptions textOptions() {
        return defaults;
    }

    /**
     * Returns the options of the model's generation_config.json for another length.
     *
     * @param maxNewTokens the most tokens to generate
     * @return the options
     */
    public GenerationOptions options(int maxNewTokens) {
        return defaults.tokens().withMaxNewTokens(maxNewTokens);
    }

    /**
     * Continues a prompt.
     *
     * @param prompt the text to continue
     * @param options what tokens are generated and when they stop
     * @return what was generated
     * @throws IllegalArgumentException if the prompt gives no token or does not fit the context, or
     *     options ask for several sequences
     */
    public Result generate(String prompt, GenerationOptions options) {
        return generate(prompt, defaults.withTokens(options), piece -> {});
    }

    /**
     * Continues a prompt and gives out the text as it comes.
     *
     * @param prompt the text to continue
     * @param options what tokens are generated and when they stop
     * @param pieces takes each piece of text; together they are the result's text
     * @return what was generated
     * @throws IllegalArgumentException if the prompt gives no token or does not fit the context, or
     *     options ask for several sequences
     * @throws IllegalStateException if the generator is closed
     */
    public Result generate(String prompt, GenerationOptions options, Consumer<String> pieces) {
        return generate(prompt, defaults.withTokens(options), pieces);
    }

    /**
     * Continues a prompt and gives out the text as it comes; that of a beam search at its end.
     *
     * @param prompt the text to continue
     * @param options what text is generated
     * @param pieces takes each piece of text; together they are the result's text. What it throws
     *     ends the generation and comes out here
     * @return what was generated
     * @throws IllegalArgumentException if the prompt gives no token or does not fit the context, or
     *     options ask for several sequences
     * @throws IllegalStateException if the generator is closed
     */
    public Result generate(String prompt, TextOptions options, Consumer<String> pieces) {
        return running(
                () ->
                        runs.run(
                                prompts.tokens(prompt, options.addSpecialTokens()),
                                options,
                                pieces));
    }

    /**
     * Continues several prompts at once; or one with several sequences.
     *
     * @param texts the texts to continue
     * @param options what text is generated
     * @return for each prompt, in order, as many results as {@code numReturnSequences}
     * @throws IllegalArgumentException if there is no prompt, or one gives no token or does not fit
     *     the context
     * @throws IllegalStateException if the generator is closed
     */
    public List<Result> generateAll(List<String> texts, TextOptions options) {
        return running(
                () -> {
                    long[][] rows =
                            texts.stream()
                                    .map(text -> prompts.tokens(text, options.addSpecialTokens()))
                                    .toArray(long[][]::new);
                    return runs.runAll(rows, options);
                });
    }

    /**
     * Answers a chat, whose text the model's chat template writes.
     *
     * @param messages the messages, the oldest first
     * @param chat what else the template is told
     * @param options what text is generated
     * @param pieces takes each piece of text; together they are the result's text
     * @return the answer
     * @throws IllegalArgumentException if the model has no chat template, it refuses the messages,
     *     or they do not fit the context
     * @throws IllegalStateException if the generator is closed
     */
    public Result chat(
            List<ChatMessage> messages,
            ChatOptions chat,
            TextOptions options,
            Consumer<String> pieces) {
        return running(() -> runs.run(prompts.chat(messages, chat), options, pieces));
    }

    /**
     * Starts a text whose pieces are computed when they are asked for.
     *
     * @param prompt the text to continue
     * @param options what text is generated
     * @return the stream; close it
     * @throws IllegalArgumentException if the prompt gives no token or does not fit the context, or
     *     options ask for several sequences or a beam search
     * @throws IllegalStateException if the generator is closed
     */
    public TextStream stream(String prompt, TextOptions options) {
        return running(
                () ->
                        runs.start(
                                prompts.tokens(prompt, options.addSpecialTokens()), options, null));
    }

    /**
     * Starts the answer of a chat, whose pieces are computed when they are asked for.
     *
     * @param messages the messages, the oldest first
     * @param chat what else the template is told
     * @param options what text is generated
     * @return the stream; close it
     * @throws IllegalArgumentException if the model has no chat template, it refuses the messages,
     *     they do not fit the context, or options ask for several sequences or a beam search
     * @throws IllegalStateException if the generator is closed
     */
    public TextStream stream(List<ChatMessage> messages, ChatOptions chat, TextOptions options) {
        return running(() -> runs.start(prompts.chat(messages, chat), options, null));
    }

    /**
     * Returns the text for subscribers. Each subscription is a generation of its own, which
     * computes as many pieces as are asked for; cancelling it frees its memory.
     *
     * @param prompt the text to continue
     * @param options what text is generated
     * @param executor where tokens are computed and subscribers called
     * @return the publisher; what would be thrown by {@link #stream} goes to subscribers
     */
    public Flow.Publisher<String> publisher(String prompt, TextOptions options, Executor executor) {
        return new TextPublisher(() -> stream(prompt, options), executor);
    }

    /**
     * Starts a chat that remembers its messages, and what the model has read of them.
     *
     * @param chat what the template is told besides the messages
     * @param options what text is generated
     * @return the session; close it
     */
    public ChatSession newChat(ChatOptions chat, TextOptions options) {
        return running(() -> new ChatSession(this, model.promptCache(), chat, options));
    }

    /** Answers a chat with what a cache holds already. */
    Result chat(
            List<ChatMessage> messages,
            ChatOptions chat,
            TextOptions options,
            Consumer<String> pieces,
            PromptCache cache) {
        return running(
                () -> {
                    try (TextStream text =
                            runs.start(prompts.chat(messages, chat), options, cache)) {
                        text.forEachRemaining(pieces);
                        return text.result();
                    }
                });
    }

    /** Whether generation_config.json says how long a text is. */
    boolean hasLength() {
        GenerationOptions tokens = defaults.tokens();
        return tokens.maxNewTokens() > 0 || tokens.maxLength() < model.contextLength();
    }

    /** Does something while the generator is open, and keeps it open meanwhile. */
    <T> T running(Supplier<T> work) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the text generator is closed: make a new one");
            }
            return work.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Frees what belongs to this generator, unless that was freed with it. */
    void release(Runnable close) {
        lock.readLock().lock();
        try {
            if (!closed) {
                close.run();
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * Frees the tokenizer and the generator's memory, that of its streams and sessions too, once no
     * call is running; the model stays.
     *
     * @throws IllegalStateException from within a call, which it would wait for
     */
    @Override
    public void close() {
        if (lock.getReadHoldCount() > 0) {
            throw new IllegalStateException(
                    "close was called while this thread generates, and would wait for itself:"
                            + " close the generator afterwards");
        }
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                tokenizer.close();
                model.manager().close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /**
     * What was generated.
     *
     * @param text the text, without special tokens unless they were asked for, and without the stop
     *     string
     * @param promptTokens the tokens of the prompt
     * @param tokens the new tokens, an end token or stop string included
     * @param finishReason why it stopped
     * @param score of a beam search, the score of the beam; else none
     * @param logProbabilities for each token, if they were asked for; else empty
     */
    @SuppressWarnings("ArrayRecordComponent") // a carrier of results, not a key
    public record Result(
            String text,
            long[] promptTokens,
            long[] tokens,
            FinishReason finishReason,
            OptionalDouble score,
            List<TokenLogProbabilities> logProbabilities) {}
}

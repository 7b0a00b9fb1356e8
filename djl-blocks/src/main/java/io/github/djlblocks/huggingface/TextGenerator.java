package io.github.djlblocks.huggingface;

import ai.djl.Model;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.djlblocks.generate.FinishReason;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.model.CausalLanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Text in, text out: tokenizer, model and greedy decoding together.
 *
 * <p>It may be used from many threads at once; each call has its own cache. {@link #close} waits
 * for the calls that are running; close it before the model, which waits for nobody.
 */
public final class TextGenerator implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(TextGenerator.class);

    private static final String TOKENIZER_FILE = "tokenizer.json";

    /** Fields of generation_config.json that change even a greedy choice of tokens. */
    private static final List<String> NOT_APPLIED =
            List.of(
                    "repetition_penalty",
                    "no_repeat_ngram_size",
                    "suppress_tokens",
                    "begin_suppress_tokens",
                    "forced_bos_token_id",
                    "forced_eos_token_id",
                    "min_length",
                    "min_new_tokens",
                    "bad_words_ids");

    private final CausalLanguageModel block;
    private final NDManager manager;
    private final HuggingFaceTokenizer tokenizer;
    private final Set<Long> endTokens;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    private TextGenerator(
            CausalLanguageModel block,
            NDManager manager,
            HuggingFaceTokenizer tokenizer,
            Set<Long> endTokens) {
        this.block = block;
        this.manager = manager;
        this.tokenizer = tokenizer;
        this.endTokens = endTokens;
    }

    /**
     * Creates a generator for a loaded model, with the tokenizer of its directory.
     *
     * @param model a model loaded through {@link HuggingFaceModels#textGeneration}
     * @return the generator
     * @throws IOException if a file of the directory cannot be read
     * @throws IllegalArgumentException if the model is no causal language model
     */
    public static TextGenerator of(Model model) throws IOException {
        Block block = model.getBlock();
        if (!(block instanceof CausalLanguageModel languageModel)) {
            throw new IllegalArgumentException(
                    "the block is a "
                            + block.getClass().getSimpleName()
                            + ", expected a CausalLanguageModel");
        }
        return of(languageModel, model.getNDManager(), model.getModelPath());
    }

    /**
     * Creates a generator.
     *
     * @param block an initialised model
     * @param manager a manager of its engine and device
     * @param directory the directory with tokenizer.json and config.json
     * @return the generator
     * @throws IOException if a file of the directory cannot be read
     */
    public static TextGenerator of(CausalLanguageModel block, NDManager manager, Path directory)
            throws IOException {
        Path file = directory.resolve(TOKENIZER_FILE);
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + " is missing: text needs the tokenizer of the model");
        }
        Set<Long> endTokens = endTokens(directory);
        HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(
                        file, Map.of("truncation", "false", "padding", "false"));
        return new TextGenerator(block, manager.newSubManager(), tokenizer, endTokens);
    }

    /** From generation_config.json if it says so, else from config.json, as Hugging Face does. */
    private static Set<Long> endTokens(Path directory) throws IOException {
        Path generation = directory.resolve("generation_config.json");
        if (Files.isRegularFile(generation)) {
            ConfigReader json = ConfigReader.of(generation);
            for (String field : NOT_APPLIED) {
                if (json.has(field)) {
                    LOGGER.warn("{}: {} is not applied: decoding is greedy", generation, field);
                }
            }
            Set<Long> tokens = json.tokens("eos_token_id", Set.of());
            if (!tokens.isEmpty()) {
                return tokens;
            }
        }
        return HuggingFaceModels.describe(directory).endTokens();
    }

    /**
     * Returns options that stop at the model's own end tokens.
     *
     * @param maxNewTokens the most tokens to generate
     * @return the options
     */
    public GenerationOptions options(int maxNewTokens) {
        return GenerationOptions.of(maxNewTokens).withEndTokens(endTokens);
    }

    /**
     * Continues a prompt.
     *
     * @param prompt the text to continue
     * @param options when to stop
     * @return what was generated
     * @throws IllegalArgumentException if the prompt gives no token or does not fit the context
     */
    public Result generate(String prompt, GenerationOptions options) {
        return generate(prompt, options, piece -> {});
    }

    /**
     * Continues a prompt and gives out the text as it comes.
     *
     * @param prompt the text to continue
     * @param options when to stop
     * @param pieces takes each piece of text; together they are the result's text
     * @return what was generated
     * @throws IllegalArgumentException if the prompt gives no token or does not fit the context
     * @throws IllegalStateException if the generator is closed
     */
    public Result generate(String prompt, GenerationOptions options, Consumer<String> pieces) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the text generator is closed: make a new one");
            }
            return run(prompt, options, pieces);
        } finally {
            lock.readLock().unlock();
        }
    }

    private Result run(String prompt, GenerationOptions options, Consumer<String> pieces) {
        long[] ids = tokenizer.encode(prompt).getIds();
        if (ids.length == 0) {
            throw new IllegalArgumentException(
                    "the prompt \"" + prompt + "\" gives no token: write at least one character");
        }
        TextDecoder decoder = new TextDecoder(tokenizer, ids);
        StringBuilder text = new StringBuilder();
        Consumer<String> give =
                piece -> {
                    if (!piece.isEmpty()) {
                        text.append(piece);
                        pieces.accept(piece);
                    }
                };
        long[] tokens = new long[0];
        try (GreedyDecoder greedy =
                GreedyDecoder.start(block, manager, new long[][] {ids}, options)) {
            while (greedy.hasNext()) {
                long token = greedy.next()[0];
                tokens = Arrays.copyOf(tokens, tokens.length + 1);
                tokens[tokens.length - 1] = token;
                give.accept(decoder.accept(token));
            }
            give.accept(decoder.finish());
            FinishReason reason = Objects.requireNonNull(greedy.finishReason(0));
            return new Result(text.toString(), ids, tokens, reason);
        }
    }

    /**
     * Frees the tokenizer and the generator's memory, once no call is running; the model stays. Not
     * to be called from within {@link #generate}.
     */
    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                tokenizer.close();
                manager.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /**
     * What was generated.
     *
     * @param text the text, without special tokens
     * @param promptTokens the tokens of the prompt
     * @param tokens the new tokens, an end token included
     * @param finishReason why it stopped
     */
    @SuppressWarnings("ArrayRecordComponent") // a carrier of results, not a key
    public record Result(
            String text, long[] promptTokens, long[] tokens, FinishReason finishReason) {}
}

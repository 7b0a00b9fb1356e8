package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.model.CausalLanguageModel;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Greedy decoding of a batch, one token for each row at a time: the token of the largest logit, and
 * of equal ones the smallest.
 *
 * <p>The prompt is read in one pass, then each step feeds the last tokens and a key/value cache.
 * Prompts of different lengths are padded on the left; the padding is masked, and positions count
 * from the first real token, as in Hugging Face {@code generate}.
 *
 * <pre>{@code
 * try (GreedyDecoder decoder = GreedyDecoder.start(model, manager, prompts, options)) {
 *     while (decoder.hasNext()) {
 *         long[] tokens = decoder.next();
 *     }
 * }
 * }</pre>
 *
 * <p>All native memory is its own and is freed by {@link #close}. Not for use by two threads.
 */
public final class GreedyDecoder implements Iterator<long[]>, AutoCloseable {

    private final CausalLanguageModel model;
    private final GenerationOptions options;
    private final NDManager manager;
    private final ParameterStore store;
    private final KeyValueCache cache;
    private final int[] padding;
    private final @Nullable FinishReason[] finished;
    private long[][] feed;
    private int length;
    private int generated;
    private @Nullable NDManager stepManager;
    private @Nullable NDArray logits;

    private GreedyDecoder(
            CausalLanguageModel model,
            NDManager parent,
            long[][] prompts,
            GenerationOptions options) {
        this.model = model;
        this.options = options;
        int longest = longestOf(prompts, model.getContextLength());
        if (options.padToken() < 0 || options.padToken() >= model.getVocabularySize()) {
            throw new IllegalArgumentException(
                    "padToken ("
                            + options.padToken()
                            + ") must be from 0 to "
                            + (model.getVocabularySize() - 1)
                            + ", the last token of the vocabulary");
        }
        feed = new long[prompts.length][];
        padding = new int[prompts.length];
        finished = new FinishReason[prompts.length];
        for (int row = 0; row < prompts.length; row++) {
            padding[row] = longest - prompts[row].length;
            feed[row] = new long[longest];
            Arrays.fill(feed[row], 0, padding[row], options.padToken());
            System.arraycopy(prompts[row], 0, feed[row], padding[row], prompts[row].length);
        }
        length = longest;
        manager = parent.newSubManager();
        manager.setName("greedyDecoder");
        store = new ParameterStore(manager, false);
        cache = KeyValueCache.growing(manager, model.getLayers());
    }

    /**
     * Starts decoding.
     *
     * @param model an initialised model
     * @param manager a manager of the engine and device of the model
     * @param prompts token ids, a row each, at least one id a row
     * @param options when to stop
     * @return the decoder; close it
     * @throws IllegalArgumentException if there is no prompt, an empty one, or one that leaves no
     *     room in the context
     */
    public static GreedyDecoder start(
            CausalLanguageModel model,
            NDManager manager,
            long[][] prompts,
            GenerationOptions options) {
        return new GreedyDecoder(model, manager, prompts, options);
    }

    private static int longestOf(long[][] prompts, int contextLength) {
        if (prompts.length == 0) {
            throw new IllegalArgumentException("there is no prompt: give at least one");
        }
        int longest = 0;
        for (int row = 0; row < prompts.length; row++) {
            if (prompts[row].length == 0) {
                throw new IllegalArgumentException(
                        "prompt " + row + " is empty: give at least one token");
            }
            longest = Math.max(longest, prompts[row].length);
        }
        if (longest >= contextLength) {
            throw new IllegalArgumentException(
                    "a prompt of "
                            + longest
                            + " tokens leaves no room in the context of "
                            + contextLength
                            + ": shorten it to at most "
                            + (contextLength - 1));
        }
        return longest;
    }

    /**
     * Returns whether a row is still unfinished.
     *
     * @return false when every row has a {@link FinishReason}
     */
    @Override
    public boolean hasNext() {
        for (FinishReason reason : finished) {
            if (reason == null) {
                return true;
            }
        }
        return false;
    }

    /**
     * Computes the next token of every row.
     *
     * @return a token a row; the pad token for a row that was finished before
     * @throws NoSuchElementException if every row is finished
     * @throws IllegalStateException if the decoder is closed, or the logits are not finite
     */
    @Override
    public long[] next() {
        if (!hasNext()) {
            throw new NoSuchElementException("every sequence is finished");
        }
        if (!manager.isOpen()) {
            throw new IllegalStateException("the decoder is closed: start another");
        }
        if (stepManager != null) {
            stepManager.close();
        }
        NDManager step = manager.newSubManager();
        stepManager = step;
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        params.add(CausalLanguageModel.LAST_ONLY, true);
        NDArray output = model.forward(store, inputs(step), false, params).get(0);
        logits = output;
        Kernels kernels = Kernels.of(output);
        if (!kernels.isFinite(output)) {
            throw new IllegalStateException(
                    "the logits of token "
                            + (length + 1)
                            + " are not finite: the weights hold an infinity or a NaN, or "
                            + output.getDataType()
                            + " overflowed; check the checkpoint, or load it in a wider type");
        }
        long[] tokens = kernels.argMax(output).toType(DataType.INT64, false).toLongArray();
        accept(tokens);
        return tokens;
    }

    private void accept(long[] tokens) {
        generated++;
        feed = new long[tokens.length][1];
        for (int row = 0; row < tokens.length; row++) {
            if (finished[row] != null) {
                tokens[row] = options.padToken();
            } else if (options.endTokens().contains(tokens[row])) {
                finished[row] = FinishReason.END_TOKEN;
            } else if (generated == options.maxNewTokens()) {
                finished[row] = FinishReason.MAX_NEW_TOKENS;
            } else if (length + 1 >= model.getContextLength()) {
                finished[row] = FinishReason.CONTEXT_FULL;
            }
            feed[row][0] = tokens[row];
        }
        length++;
    }

    /** Ids, and for a padded batch also mask and positions. */
    private NDList inputs(NDManager step) {
        NDList inputs = new NDList(step.create(feed));
        if (Arrays.stream(padding).allMatch(count -> count == 0)) {
            return inputs;
        }
        int width = feed[0].length;
        long[][] mask = new long[feed.length][length];
        long[][] positions = new long[feed.length][width];
        for (int row = 0; row < feed.length; row++) {
            Arrays.fill(mask[row], padding[row], length, 1);
            for (int s = 0; s < width; s++) {
                int position = length - width + s - padding[row];
                // Padding has no position; Hugging Face gives it 1.
                positions[row][s] = position < 0 ? 1 : position;
            }
        }
        inputs.add(step.create(mask));
        inputs.add(step.create(positions));
        return inputs;
    }

    /**
     * Returns the logits the last tokens were chosen from.
     *
     * @return (B, 1, V), valid until the next step
     * @throws IllegalStateException before the first step
     */
    public NDArray logits() {
        if (logits == null) {
            throw new IllegalStateException("there are no logits yet: call next() first");
        }
        return logits;
    }

    /**
     * Returns why a row is complete.
     *
     * @param row the row, from 0
     * @return the reason, or null while it is not
     * @throws IllegalArgumentException if there is no such row
     */
    public @Nullable FinishReason finishReason(int row) {
        if (row < 0 || row >= finished.length) {
            throw new IllegalArgumentException(
                    "there is no row " + row + " in a batch of " + finished.length);
        }
        return finished[row];
    }

    /** Frees the cache and everything of the last step. */
    @Override
    public void close() {
        manager.close();
    }
}

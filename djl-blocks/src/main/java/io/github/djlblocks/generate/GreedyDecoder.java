package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.djlblocks.model.CausalLanguageModel;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Greedy decoding of a batch, one token for each row at a time: the token of the largest logit, and
 * of equal ones the smallest. A {@link TokenStream} that gives its logits too.
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

    private final TokenStream stream;
    private boolean closed;

    private GreedyDecoder(TokenStream stream) {
        this.stream = stream;
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
     *     room in the context, or the options ask for sampling or beams
     */
    public static GreedyDecoder start(
            CausalLanguageModel model,
            NDManager manager,
            long[][] prompts,
            GenerationOptions options) {
        if (options.doSample()) {
            throw new IllegalArgumentException(
                    "a greedy decoder does not sample: use TokenGenerator, or set doSample to"
                            + " false");
        }
        return new GreedyDecoder(TokenGenerator.of(model, manager).stream(prompts, options));
    }

    /**
     * Returns whether a row is still unfinished.
     *
     * @return false when every row has a {@link FinishReason}
     */
    @Override
    public boolean hasNext() {
        return stream.hasNext();
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
        if (closed) {
            throw new IllegalStateException("the decoder is closed: start another");
        }
        return stream.next().tokens();
    }

    /**
     * Returns the logits the last tokens were chosen from.
     *
     * @return (B, 1, V), valid until the next step
     * @throws IllegalStateException before the first step
     */
    public NDArray logits() {
        NDArray logits = stream.logits();
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
        return stream.finishReason(row);
    }

    /** Frees the cache and everything of the last step. */
    @Override
    public void close() {
        closed = true;
        stream.close();
    }
}

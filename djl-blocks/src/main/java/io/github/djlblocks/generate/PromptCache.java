package io.github.djlblocks.generate;

import ai.djl.ndarray.NDManager;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.model.CausalLanguageModel;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What a model has read of a conversation, kept from one generation to the next: of a new prompt
 * only what comes after the tokens they share is read.
 *
 * <p>One generation uses it at a time. {@link #close} frees its arrays.
 */
public final class PromptCache implements AutoCloseable {

    private enum State {
        IDLE,
        IN_USE,
        CLOSED
    }

    private final CausalLanguageModel model;
    private final KeyValueCache cache;
    private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
    private long[] tokens;
    private @Nullable AdapterChoice adapter;

    private PromptCache(CausalLanguageModel model, KeyValueCache cache, long... tokens) {
        this.model = model;
        this.cache = cache;
        this.tokens = tokens;
    }

    /**
     * Creates an empty cache.
     *
     * @param model the model that will read
     * @param manager a manager of its engine and device
     * @return the cache; close it
     */
    public static PromptCache of(CausalLanguageModel model, NDManager manager) {
        return of(model, KeyValueCache.growing(manager, model.getLayers()));
    }

    /**
     * Takes over a cache that a pass of the model has filled.
     *
     * @param model the model that filled it
     * @param cache of one row; it is closed with this one
     * @param tokens what the model read into it
     * @return the cache; close it
     * @throws IllegalArgumentException if the cache holds another number of tokens
     */
    public static PromptCache of(CausalLanguageModel model, KeyValueCache cache, long... tokens) {
        if (cache.length() != tokens.length) {
            throw new IllegalArgumentException(
                    "the cache holds "
                            + cache.length()
                            + " tokens, but "
                            + tokens.length
                            + " were given: name all that were read, in order");
        }
        return new PromptCache(model, cache, tokens.clone());
    }

    /**
     * Returns the tokens the cache holds.
     *
     * @return a copy
     */
    public long[] tokens() {
        return tokens.clone();
    }

    /** Marks it as used, keeps what a prompt shares with it and at least one token to read. */
    KeyValueCache acquire(CausalLanguageModel user, @Nullable AdapterChoice now, long... prompt) {
        if (user != model) {
            throw new IllegalArgumentException(
                    "the prompt cache was filled by another model: make one for each model");
        }
        if (!state.compareAndSet(State.IDLE, State.IN_USE)) {
            throw new IllegalStateException(
                    state.get() == State.CLOSED
                            ? "the prompt cache is closed: make another"
                            : "the prompt cache is in use by another generation: close that one"
                                    + " first, or give each its own");
        }
        try {
            if (!Objects.equals(now, adapter)) {
                // What another adapter has read is of no use.
                tokens = new long[0];
                adapter = now;
            }
            int shared = Arrays.mismatch(tokens, prompt);
            int kept = Math.min(shared < 0 ? prompt.length : shared, prompt.length - 1);
            if (kept < cache.length()) {
                cache.truncate(kept);
            }
            tokens = Arrays.copyOf(tokens, kept);
            return cache;
        } catch (RuntimeException | Error e) {
            state.set(State.IDLE);
            throw e;
        }
    }

    /** Ends the use; the cache keeps what it holds of a sequence. */
    void release(TokenHistory history) {
        // Tokens that were guessed, or chosen ahead, may have been read behind it.
        int held = Math.min(Math.toIntExact(cache.length()), history.length());
        if (held < cache.length()) {
            cache.truncate(held);
        }
        long[] read = new long[held];
        for (int i = 0; i < held; i++) {
            read[i] = history.token(i);
        }
        tokens = read;
        state.set(State.IDLE);
    }

    /**
     * Frees the arrays.
     *
     * @throws IllegalStateException if a generation uses it
     */
    @Override
    public void close() {
        if (state.compareAndSet(State.IDLE, State.CLOSED)) {
            cache.close();
        } else if (state.get() == State.IN_USE) {
            throw new IllegalStateException(
                    "the prompt cache is in use by a generation: close that one first");
        }
    }
}

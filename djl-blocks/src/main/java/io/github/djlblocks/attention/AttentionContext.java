package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.position.RotaryEmbedding;
import org.jspecify.annotations.Nullable;

/**
 * What attention is told in one forward pass besides its input: mask, positions, cache.
 *
 * <p>It travels through DJL's {@code params} of {@link ai.djl.nn.Block#forward}, so that every
 * block between a model and its attention hands it on without knowing it.
 *
 * @param mask BOOLEAN (true: look) or floating (added to the scores; from -5e29 down, minus
 *     infinity included, it blocks), broadcastable to (B, H, S, T)
 * @param positions INT64 or INT32, (B, S) or (1, S); by default they continue the cache
 * @param cache the slot of the layer
 * @param rotary the embedding that {@code rotaryTable} was made with
 * @param rotaryTable the table of {@code positions}, made once for all layers
 */
public record AttentionContext(
        @Nullable NDArray mask,
        @Nullable NDArray positions,
        KeyValueCache.@Nullable Slot cache,
        @Nullable RotaryEmbedding rotary,
        @Nullable RotaryTable rotaryTable) {

    /** Under this key a context lies in {@code params}. */
    public static final String KEY = "attentionContext";

    private static final AttentionContext NONE = new AttentionContext(null, null, null, null, null);

    /**
     * Returns a context that says nothing.
     *
     * @return no mask, no cache, positions from 0
     */
    public static AttentionContext none() {
        return NONE;
    }

    /**
     * Reads the context from the params of a forward pass.
     *
     * @param params the params, or none
     * @return the context in them, or {@link #none()}
     */
    public static AttentionContext of(@Nullable PairList<String, Object> params) {
        Object value = params == null ? null : params.get(KEY);
        return value instanceof AttentionContext context ? context : NONE;
    }

    /**
     * Puts this context into params for a forward pass.
     *
     * @return params with this context alone
     */
    public PairList<String, Object> toParams() {
        PairList<String, Object> params = new PairList<>();
        params.add(KEY, this);
        return params;
    }

    /**
     * Returns this context with a mask.
     *
     * @param newMask BOOLEAN (true: look) or floating (added to the scores), broadcastable to (B,
     *     H, S, T)
     * @return a context with it
     */
    public AttentionContext withMask(@Nullable NDArray newMask) {
        return new AttentionContext(newMask, positions, cache, rotary, rotaryTable);
    }

    /**
     * Returns this context with positions.
     *
     * @param newPositions INT64 or INT32, (B, S) or (1, S)
     * @return a context with them, without a rotary table
     */
    public AttentionContext withPositions(NDArray newPositions) {
        return new AttentionContext(mask, newPositions, cache, null, null);
    }

    /**
     * Returns this context with a cache slot.
     *
     * @param newCache the slot of the layer
     * @return a context with it
     */
    public AttentionContext withCache(KeyValueCache.@Nullable Slot newCache) {
        return new AttentionContext(mask, positions, newCache, rotary, rotaryTable);
    }

    /**
     * Returns this context with a table made beforehand.
     *
     * @param newRotary the embedding it was made with
     * @param newTable its table of these positions
     * @return a context with it
     */
    public AttentionContext withRotaryTable(RotaryEmbedding newRotary, RotaryTable newTable) {
        return new AttentionContext(mask, positions, cache, newRotary, newTable);
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * The arrays of {@link Kernels#attention}. A mask or bias of fewer than four axes is aligned on the
 * right, as (S, T) or (H, S, T).
 *
 * @param query (B, H, S, D)
 * @param key (B, K, T, D)
 * @param value (B, K, T, Dv)
 * @param mask BOOLEAN (true: look) or floating (added to the scores; from -5e29 down, minus
 *     infinity included, it blocks), broadcastable to (B, H, S, T); or none
 * @param bias floating, added to the scores, broadcastable to (B, H, S, T); or none
 * @param sinks one learned score a head, (H), that takes part in the softmax and has no value; or
 *     none
 * @param offsets where each row's first query stands among the keys, INT64 or INT32 (B); or none,
 *     and {@link AttentionSpec#offset} holds for all
 */
public record AttentionInputs(
        NDArray query,
        NDArray key,
        NDArray value,
        @Nullable NDArray mask,
        @Nullable NDArray bias,
        @Nullable NDArray sinks,
        @Nullable NDArray offsets) {

    /**
     * Takes the three arrays every attention has.
     *
     * @param query (B, H, S, D)
     * @param key (B, K, T, D)
     * @param value (B, K, T, Dv)
     * @return inputs without mask, bias, sinks and offsets
     */
    public static AttentionInputs of(NDArray query, NDArray key, NDArray value) {
        return new AttentionInputs(query, key, value, null, null, null, null);
    }

    /**
     * Returns these inputs with a mask.
     *
     * @param newMask BOOLEAN or floating, broadcastable to (B, H, S, T), or none
     * @return a changed copy
     */
    public AttentionInputs withMask(@Nullable NDArray newMask) {
        return new AttentionInputs(query, key, value, newMask, bias, sinks, offsets);
    }

    /**
     * Returns these inputs with a bias.
     *
     * @param newBias floating, broadcastable to (B, H, S, T), or none
     * @return a changed copy
     */
    public AttentionInputs withBias(@Nullable NDArray newBias) {
        return new AttentionInputs(query, key, value, mask, newBias, sinks, offsets);
    }

    /**
     * Returns these inputs with sinks.
     *
     * @param newSinks (H), or none
     * @return a changed copy
     */
    public AttentionInputs withSinks(@Nullable NDArray newSinks) {
        return new AttentionInputs(query, key, value, mask, bias, newSinks, offsets);
    }

    /**
     * Returns these inputs with an offset a row.
     *
     * @param newOffsets INT64 or INT32 (B), or none
     * @return a changed copy
     */
    public AttentionInputs withOffsets(@Nullable NDArray newOffsets) {
        return new AttentionInputs(query, key, value, mask, bias, sinks, newOffsets);
    }
}

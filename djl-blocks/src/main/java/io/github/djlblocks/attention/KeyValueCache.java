package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/**
 * Keys and values of the tokens that have passed, one slot a layer.
 *
 * <p>A cache is passed to a forward pass and never owned by a block; it belongs to one sequence (or
 * one batch of them) and to one thread at a time. Whoever made it closes it, which frees its
 * arrays.
 */
public interface KeyValueCache extends AutoCloseable {

    /**
     * Creates a cache that grows with the sequence.
     *
     * @param manager the manager of the engine and device it lives on; the cache holds its own
     *     sub-manager
     * @param layers how many layers write to it
     * @return an empty cache
     * @throws IllegalArgumentException if layers is below one
     */
    static KeyValueCache growing(NDManager manager, int layers) {
        return new GrowingKeyValueCache(manager, layers);
    }

    /**
     * Returns how many layers write to it.
     *
     * @return the number of slots
     */
    int layers();

    /**
     * Returns how many tokens it holds.
     *
     * @return the length of the first slot
     */
    long length();

    /**
     * Returns the slot of a layer.
     *
     * @param layer 0 to layers - 1
     * @return its slot
     * @throws IllegalArgumentException if there is no such layer
     */
    Slot slot(int layer);

    /**
     * Forgets all but the first tokens, in every slot.
     *
     * @param length how many to keep, at most {@link #length()}
     * @throws IllegalArgumentException if length is negative or more than the cache holds
     */
    void truncate(long length);

    /** Frees every array of the cache. */
    @Override
    void close();

    /** The keys and values of one layer. */
    interface Slot {

        /**
         * Returns how many tokens it holds.
         *
         * @return the length of the time axis
         */
        long length();

        /**
         * Appends the keys and values of new tokens and returns all of them. The cache may keep the
         * arrays themselves: do not close or change them afterwards.
         *
         * @param keys (B, K, S, D)
         * @param values (B, K, S, Dv)
         * @return all keys (B, K, T, D) and all values (B, K, T, Dv), owned by the cache
         * @throws IllegalArgumentException if they do not fit what the slot holds
         */
        NDList append(NDArray keys, NDArray values);

        /**
         * Returns what the slot holds.
         *
         * @return keys and values, owned by the cache; empty if nothing was appended yet
         */
        NDList content();
    }
}

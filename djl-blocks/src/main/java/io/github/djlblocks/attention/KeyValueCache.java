package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Past;
import java.util.Collections;
import java.util.List;

/**
 * Keys and values of the tokens that have passed, one slot a layer.
 *
 * <p>A cache is passed to a forward pass and never owned by a block; it belongs to one sequence (or
 * one batch of them) and to one thread at a time. Whoever made it closes it, which frees its
 * arrays. What a slot keeps, and how, is its {@link CachePolicy}; a cache that is full says so.
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
        return uniform(manager, layers, CachePolicy.growing());
    }

    /**
     * Creates a cache with room for a number of tokens, written in place. Its rows may have
     * different lengths. For inference: it is not differentiated.
     *
     * @param manager the manager of the engine and device it lives on
     * @param layers how many layers write to it
     * @param capacity the most tokens of a row
     * @return an empty cache
     * @throws IllegalArgumentException if layers or capacity is below one
     */
    static KeyValueCache preallocated(NDManager manager, int layers, int capacity) {
        return uniform(manager, layers, CachePolicy.preallocated(capacity));
    }

    /**
     * Creates a cache that keeps what a sliding window sees and forgets the rest.
     *
     * @param manager the manager of the engine and device it lives on
     * @param layers how many layers write to it
     * @param window how many tokens a query sees, itself included
     * @return an empty cache
     * @throws IllegalArgumentException if layers or window is below one
     */
    static KeyValueCache rolling(NDManager manager, int layers, int window) {
        return uniform(manager, layers, CachePolicy.rolling(window));
    }

    /**
     * Creates a cache for the keys and values of a memory, which cross-attention computes once.
     *
     * @param manager the manager of the engine and device it lives on
     * @param layers how many layers write to it
     * @return an empty cache
     * @throws IllegalArgumentException if layers is below one
     */
    static KeyValueCache memory(NDManager manager, int layers) {
        return uniform(manager, layers, CachePolicy.memory());
    }

    /**
     * Creates a cache whose layers differ, such as one of local and global attention.
     *
     * @param manager the manager of the engine and device it lives on
     * @param policies the policy of each layer, at least one
     * @return an empty cache
     * @throws IllegalArgumentException if there is no policy
     */
    static KeyValueCache of(NDManager manager, List<CachePolicy> policies) {
        return new SlottedCache(manager, policies);
    }

    private static KeyValueCache uniform(NDManager manager, int layers, CachePolicy policy) {
        return of(manager, Collections.nCopies(Checks.positive("layers", layers), policy));
    }

    /**
     * Returns how many layers write to it.
     *
     * @return the number of slots
     */
    int layers();

    /**
     * Returns how many tokens have passed, in the longest row.
     *
     * @return the length of the first slot
     */
    long length();

    /**
     * Returns how many tokens have passed: one number if it is the same for every row, else one for
     * each row.
     *
     * @return at least one number
     */
    long[] lengths();

    /**
     * Returns how many tokens have passed, as kernels take it.
     *
     * @return {@link #lengths()}
     */
    default Past past() {
        return Past.of(lengths());
    }

    /**
     * Returns the slot of a layer.
     *
     * @param layer 0 to layers - 1
     * @return its slot
     * @throws IllegalArgumentException if there is no such layer
     */
    Slot slot(int layer);

    /**
     * Forgets all but the first tokens, in every slot. A slot that holds fewer is left alone.
     *
     * @param lengths how many to keep: one number for every row, or one for each, as a {@link
     *     #preallocated} cache can have. Padding on the right is taken out of the cache this way.
     * @throws IllegalArgumentException if a length is negative or more than the cache has seen, if
     *     rows cannot differ, or if a rolling cache has forgotten what it would need; every cache
     *     goes back to 0, and takes another batch then
     * @throws IllegalStateException if the cache is closed
     */
    void truncate(long... lengths);

    /**
     * Takes other rows of the batch, in every slot: the step of a beam search, or one prompt for
     * many continuations.
     *
     * @param rows for each new row the old one it continues
     * @throws IllegalArgumentException if there is no such row
     * @throws IllegalStateException if the cache is closed
     */
    void reorder(int... rows);

    /** Frees every array of the cache. */
    @Override
    void close();

    /** The keys and values of one layer. */
    interface Slot {

        /**
         * Returns how many tokens have passed, in the longest row.
         *
         * @return at least what it holds
         */
        long length();

        /**
         * Returns how many tokens have passed, as {@link KeyValueCache#lengths()}.
         *
         * @return at least one number
         */
        long[] lengths();

        /**
         * Returns how many tokens have passed, as kernels take it.
         *
         * @return {@link #lengths()}
         */
        default Past past() {
            return Past.of(lengths());
        }

        /**
         * Returns what the slot keeps.
         *
         * @return its policy
         */
        CachePolicy policy();

        /**
         * Appends the keys and values of new tokens and returns those their queries may see. The
         * cache may keep the arrays themselves: do not close or change them afterwards.
         *
         * @param keys (B, K, S, D)
         * @param values (B, K, S, Dv)
         * @return keys (B, K, T, D) and values (B, K, T, Dv), the new ones last unless rows differ
         *     in length
         * @throws IllegalArgumentException if they do not fit what the slot holds
         * @throws IllegalStateException if there is no room, or the cache is closed
         */
        NDList append(NDArray keys, NDArray values);

        /**
         * Makes room for keys and values that the caller writes itself, in place: what {@link
         * #append} does in two steps, for computations that run as a whole. Nothing has passed
         * until {@link #advance} says so; until then the slot may be used as if this had not been
         * called.
         *
         * @param keys the shape of the keys to come, (B, K, S, D)
         * @param values the shape of the values to come, (B, K, S, Dv)
         * @param type their type
         * @return the room
         * @throws IllegalArgumentException if they do not fit what the slot holds
         * @throws IllegalStateException if there is no room, or the cache is closed
         * @throws UnsupportedOperationException if this slot is only appended to
         */
        default CacheRoom reserve(Shape keys, Shape values, DataType type) {
            throw new UnsupportedOperationException(
                    getClass().getSimpleName() + " cannot be written in place: append to it");
        }

        /**
         * Counts tokens that were written into the room {@link #reserve} made.
         *
         * @param steps how many, at most those room was made for
         * @throws UnsupportedOperationException if this slot is only appended to
         */
        default void advance(long steps) {
            throw new UnsupportedOperationException(
                    getClass().getSimpleName() + " cannot be written in place: append to it");
        }

        /**
         * Returns what the slot holds.
         *
         * @return keys and values, to be used until the cache changes; empty if nothing was
         *     appended
         * @throws IllegalStateException if the cache is closed
         */
        NDList content();
    }
}

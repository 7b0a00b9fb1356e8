package io.github.djlblocks.attention;

import io.github.djlblocks.internal.Checks;

/**
 * What a slot of a {@link KeyValueCache} keeps, and how.
 *
 * @param kind how it keeps them
 * @param capacity the most tokens of a row, of a preallocated slot; else 0
 * @param window how many tokens a query sees, itself included, of a rolling slot; else 0
 * @param prefix how many first tokens a rolling slot never forgets
 */
public record CachePolicy(Kind kind, int capacity, int window, int prefix) {

    /** How a slot keeps its arrays. */
    public enum Kind {
        /** Appends by concatenation: simple, differentiable, a copy of the past per token. */
        GROWING,
        /** Writes in place into room made once. */
        PREALLOCATED,
        /** Keeps the last tokens, and the first few if told so. */
        ROLLING,
        /** Is written once. */
        MEMORY
    }

    /**
     * Checks the numbers.
     *
     * @param kind how it keeps them
     * @param capacity at least 1 if preallocated
     * @param window at least 1 if rolling
     * @param prefix at least 0
     */
    public CachePolicy {
        if (kind == Kind.PREALLOCATED) {
            Checks.positive("capacity", capacity);
        }
        if (kind == Kind.ROLLING) {
            Checks.positive("window", window);
        }
        if (prefix < 0) {
            throw new IllegalArgumentException("prefix (" + prefix + ") must be at least 0");
        }
    }

    /**
     * A slot that grows with the sequence.
     *
     * @return the policy
     */
    public static CachePolicy growing() {
        return new CachePolicy(Kind.GROWING, 0, 0, 0);
    }

    /**
     * A slot with room for a number of tokens.
     *
     * @param capacity the most tokens of a row
     * @return the policy
     */
    public static CachePolicy preallocated(int capacity) {
        return new CachePolicy(Kind.PREALLOCATED, capacity, 0, 0);
    }

    /**
     * A slot that keeps what a sliding window sees.
     *
     * @param window how many tokens a query sees, itself included
     * @return the policy
     */
    public static CachePolicy rolling(int window) {
        return rolling(window, 0);
    }

    /**
     * A slot that keeps what a sliding window sees, and the first tokens, which attract attention
     * whatever they are (arXiv 2309.17453).
     *
     * @param window how many tokens a query sees, itself included, besides the first
     * @param prefix how many first tokens stay
     * @return the policy
     */
    public static CachePolicy rolling(int window, int prefix) {
        return new CachePolicy(Kind.ROLLING, 0, window, prefix);
    }

    /**
     * A slot for the keys and values of a memory.
     *
     * @return the policy
     */
    public static CachePolicy memory() {
        return new CachePolicy(Kind.MEMORY, 0, 0, 0);
    }

    CacheSlot newSlot(CacheArrays arrays) {
        return switch (kind) {
            case GROWING, MEMORY -> new GrowingSlot(this, arrays);
            case PREALLOCATED -> new PreallocatedSlot(this, arrays);
            case ROLLING -> new RollingSlot(this, arrays);
        };
    }
}

package io.github.djlblocks.kernel;

import java.util.Arrays;

/**
 * How many tokens have passed before those of a pass: one number for every row, or one for each.
 *
 * <p>Kernels take it whole, and never as numbers: where a computation is recorded, they are those
 * of a later call.
 */
public interface Past {

    /** Nothing has passed. */
    Past NONE = of(0);

    /**
     * Holds numbers.
     *
     * @param lengths one for every row, or one for each row of the batch
     * @return them
     * @throws IllegalArgumentException if there is none, or one is negative
     */
    static Past of(long... lengths) {
        return new CountedPast(lengths.clone());
    }

    /**
     * Returns the numbers.
     *
     * @return one, or one for each row
     */
    long[] lengths();

    /**
     * Says whether rows have numbers of their own.
     *
     * @return true if there is one for each row
     */
    default boolean isRagged() {
        return lengths().length > 1;
    }

    /**
     * Returns the largest number.
     *
     * @return from 0 up
     */
    default long longest() {
        return Arrays.stream(lengths()).max().orElse(0);
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * Cosines and sines for a batch of positions, made once and shared by every layer.
 *
 * <p>With {@code partner(x)} the array in which each channel holds the other one of its pair, the
 * rotation is {@code x * cos + partner(x) * sin}: the minus of the first of each pair is in {@code
 * sin}.
 *
 * @param cos (B | 1, 1, S, r)
 * @param sin the same shape, signed
 * @param layout which channels form a pair
 * @param keys the table of the keys where it is another than that of the queries, as in xPos; such
 *     a table must be asked for its side before it turns anything
 */
public record RotaryTable(
        NDArray cos, NDArray sin, RotaryLayout layout, @Nullable RotaryTable keys) {

    /**
     * Creates a table that turns queries and keys alike.
     *
     * @param cos (B | 1, 1, S, r)
     * @param sin the same shape, signed
     * @param layout which channels form a pair
     */
    public RotaryTable(NDArray cos, NDArray sin, RotaryLayout layout) {
        this(cos, sin, layout, null);
    }

    /**
     * Returns the table of the queries.
     *
     * @return this one, for queries alone
     */
    public RotaryTable forQueries() {
        return keys == null ? this : new RotaryTable(cos, sin, layout);
    }

    /**
     * Returns the table of the keys.
     *
     * @return this one, or that of the keys where there is another
     */
    public RotaryTable forKeys() {
        return keys == null ? this : keys;
    }

    /**
     * Returns how many channels are turned.
     *
     * @return r
     */
    public long rotaryDim() {
        return cos.getShape().get(3);
    }
}

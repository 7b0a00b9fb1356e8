package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;

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
 */
public record RotaryTable(NDArray cos, NDArray sin, RotaryLayout layout) {

    /**
     * Returns how many channels are turned.
     *
     * @return r
     */
    public long rotaryDim() {
        return cos.getShape().get(3);
    }
}

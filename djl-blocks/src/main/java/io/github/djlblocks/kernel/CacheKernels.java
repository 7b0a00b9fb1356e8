package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;

/** What a key/value cache does with its arrays. Shapes and errors as in {@link Kernels}. */
public interface CacheKernels {

    /**
     * Appends along the time axis.
     *
     * @param past (B, K, T, D)
     * @param next (B, K, S, D)
     * @return (B, K, T + S, D)
     */
    NDArray appendTime(NDArray past, NDArray next);

    /**
     * Takes a range of the time axis.
     *
     * @param x (B, K, T, D)
     * @param from the first step, from 0
     * @param to after the last step, above {@code from}, at most T
     * @return (B, K, to - from, D)
     */
    NDArray sliceTime(NDArray x, long from, long to);

    /**
     * Makes room for steps to come.
     *
     * @param like (B, K, S, D)
     * @param capacity steps
     * @return zeros (B, K, capacity, D) of its type, on its device
     */
    NDArray newTimeBuffer(NDArray like, long capacity);

    /**
     * Writes steps into a buffer, in place. This is not differentiated.
     *
     * @param buffer (B, K, capacity, D), changed
     * @param next (B, K, S, D)
     * @param at for each row the step its first one is written to, (B); S more must fit
     */
    void writeTime(NDArray buffer, NDArray next, long... at);

    /**
     * Takes rows of the batch axis, in any order and any number of times.
     *
     * @param x (B, ...)
     * @param rows each from 0 to B - 1
     * @return (rows, ...)
     */
    NDArray selectRows(NDArray x, int... rows);
}

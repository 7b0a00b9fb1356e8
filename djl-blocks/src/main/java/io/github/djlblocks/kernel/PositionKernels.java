package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Positions, and the turning of channels by them. Shapes and errors as in {@link Kernels}. */
public interface PositionKernels {

    /**
     * Counts positions on from what has passed.
     *
     * @param x an array
     * @param axis the axis of it that is the length S
     * @param past how many have passed, which is the first position
     * @return integers {@code past[b] .. past[b] + S - 1}, (1, S), or (B, S) where rows differ
     */
    NDArray positions(NDArray x, int axis, Past past);

    /**
     * Counts positions of keys: those that have passed and those of an array.
     *
     * @param x an array
     * @param axis the axis of it that is the length S
     * @param past how many have passed
     * @return integers {@code 0 .. longest past + S - 1}, (1, longest past + S)
     */
    NDArray keyPositions(NDArray x, int axis, Past past);

    /**
     * Gives every token index 0.
     *
     * @param x (B, S, E)
     * @return zeros, INT64, (1, S)
     */
    NDArray zeroIndices(NDArray x);

    /**
     * Counts positions over the tokens of a mask, passing over padding: the n-th token of a row,
     * counted from 0, has position {@code first + n}.
     *
     * @param mask 1 (or true) where a token stands, 0 where padding stands, (B, T)
     * @param length how many of the last positions to return, S, at most T
     * @param first the position of the first token
     * @param padding the position where the mask is 0
     * @return INT64, (B, S)
     */
    NDArray maskedPositions(NDArray mask, long length, long first, long padding);

    /**
     * Tells tokens from padding.
     *
     * @param ids integers, (B, S)
     * @param paddingId the id of the padding token
     * @return 1 where another token stands, 0 where that one stands, INT64, (B, S)
     */
    NDArray tokenMask(NDArray ids, long paddingId);

    /**
     * Counts positions over the tokens that are no padding, as RoBERTa does: the n-th of a row,
     * counted from 0, has position {@code paddingId + 1 + n}, and padding has {@code paddingId}.
     *
     * @param ids integers, (B, S)
     * @param paddingId the id of the padding token
     * @return INT64, (B, S)
     */
    NDArray tokenPositions(NDArray ids, long paddingId);

    /**
     * Looks up the rows {@code index + offset} of a table. A row outside the table is an error on
     * every engine, also where the engine itself would clip it.
     *
     * @param indices integers, (B, S) or (1, S)
     * @param table (rows, E)
     * @param offset added to every index
     * @param what what an index is, for the message, as in {@code position}
     * @return (B, S, E) or (1, S, E)
     */
    NDArray tableRows(NDArray indices, NDArray table, long offset, String what);

    /**
     * Adds rows to every element of a batch.
     *
     * @param x (B, S, E)
     * @param rows (B, S, E) or (1, S, E)
     * @return (B, S, E)
     */
    NDArray addRows(NDArray x, NDArray rows);

    /**
     * Computes fixed sines and cosines of positions, in float64 and rounded once.
     *
     * @param positions integers, (B, S) or (1, S)
     * @param spec channels, frequencies and layout
     * @param dataType the type of the result
     * @return (B, S, E) or (1, S, E)
     */
    NDArray sinusoids(NDArray positions, SinusoidSpec spec, DataType dataType);

    /**
     * Computes the cosines and sines by which {@link #rotate} turns.
     *
     * @param positions integers, (B, S) or (1, S); with several axes, also (axes, B, S) or (axes,
     *     1, S), else all axes have the same
     * @param spec frequencies, layout and factor
     * @param dataType the type of the table
     * @return the table for these positions
     */
    RotaryTable rotaryTable(NDArray positions, RotarySpec spec, DataType dataType);

    /**
     * Turns pairs of channels by the angles of a table; channels beyond the table pass through.
     *
     * @param x (B, H, S, D)
     * @param table for the same batch (or 1) and length
     * @return (B, H, S, D)
     */
    NDArray rotate(NDArray x, RotaryTable table);

    /**
     * Computes a bias of attention scores that is linear in the distance.
     *
     * @param queries positions of the queries, integers, (B, S) or (1, S)
     * @param keys positions of the keys, integers, (B, T) or (1, T)
     * @param spec slopes and form
     * @param dataType the type of the result
     * @return (B | 1, H, S, T); of form KEY (B | 1, H, 1, T)
     */
    NDArray linearBias(NDArray queries, NDArray keys, LinearBiasSpec spec, DataType dataType);

    /**
     * Looks up a bias of attention scores by the bucket of the distance.
     *
     * @param queries positions of the queries, integers, (B, S) or (1, S)
     * @param keys positions of the keys, integers, (B, T) or (1, T)
     * @param table (buckets, H)
     * @param spec which distance is in which bucket
     * @return (B | 1, H, S, T)
     */
    NDArray bucketBias(NDArray queries, NDArray keys, NDArray table, BucketSpec spec);
}

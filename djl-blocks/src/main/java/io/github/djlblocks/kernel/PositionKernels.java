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
     * @param past the first position of every row, or of each, (B)
     * @return integers {@code past[b] .. past[b] + S - 1}, (1, S) or (B, S)
     */
    NDArray positions(NDArray x, int axis, long... past);

    /**
     * Computes the cosines and sines by which {@link #rotate} turns.
     *
     * @param positions integers, (B, S) or (1, S)
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
}

package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.Checks;
import java.util.Arrays;

/**
 * Several sequences in one row, one after the other, so that no room is lost to padding.
 *
 * <p>Sequences of 3, 2 and 2 tokens in a row of 7 have segments {@code 0 0 0 1 1 2 2} and positions
 * {@code 0 1 2 0 1 0 1}: handed to attention in an {@link AttentionContext}, each sequence sees
 * itself alone, as if it had a row of its own. What is left of a row is a segment of its own.
 */
public final class PackedSequences {

    private final long[] segments;
    private final long[] positions;
    private final Shape shape;

    private PackedSequences(int width, int[][] lengths) {
        Checks.positive("width", width);
        shape = new Shape(lengths.length, width);
        long tokens = (long) lengths.length * width;
        if (tokens > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    lengths.length
                            + " rows of "
                            + width
                            + " tokens are too many for one array: pack fewer");
        }
        segments = new long[(int) tokens];
        positions = new long[segments.length];
        for (int row = 0; row < lengths.length; row++) {
            int at = 0;
            for (int segment = 0; segment <= lengths[row].length; segment++) {
                boolean rest = segment == lengths[row].length;
                int length = rest ? width - at : Checks.positive("length", lengths[row][segment]);
                if (length > width - at) {
                    throw new IllegalArgumentException(
                            "sequences of "
                                    + Arrays.toString(lengths[row])
                                    + " tokens do not fit a row of "
                                    + width);
                }
                for (int i = 0; i < length; i++) {
                    segments[row * width + at + i] = segment;
                    positions[row * width + at + i] = i;
                }
                at += length;
            }
        }
    }

    /**
     * Lays sequences into rows.
     *
     * @param width S, the tokens of a row
     * @param lengths of each row, the lengths of its sequences
     * @return their places
     * @throws IllegalArgumentException if the sequences of a row are longer than it, or there are
     *     more tokens than an array holds
     */
    public static PackedSequences of(int width, int[]... lengths) {
        if (lengths.length == 0) {
            throw new IllegalArgumentException("there is no row: give the lengths of at least one");
        }
        return new PackedSequences(width, lengths);
    }

    /**
     * Returns the number of its sequence for each token.
     *
     * @param manager the manager of the array
     * @return INT64, (B, S)
     */
    public NDArray segments(NDManager manager) {
        return manager.create(segments, shape);
    }

    /**
     * Returns the place in its sequence of each token.
     *
     * @param manager the manager of the array
     * @return INT64, (B, S)
     */
    public NDArray positions(NDManager manager) {
        return manager.create(positions, shape);
    }
}

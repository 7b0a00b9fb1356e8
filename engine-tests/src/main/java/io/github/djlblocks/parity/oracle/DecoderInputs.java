package io.github.djlblocks.parity.oracle;

import java.util.Arrays;

/** Rows of tokens, padding and positions as the flat arrays the operations take. */
final class DecoderInputs {

    private DecoderInputs() {}

    static int[] flatten(int[][] tokens) {
        Shapes.require(tokens.length >= 1, "tokens (%d rows) must have at least 1", tokens.length);
        for (int[] row : tokens) {
            Shapes.require(
                    row.length == tokens[0].length,
                    "tokens must have rows of one length, not of %d and %d",
                    tokens[0].length,
                    row.length);
        }
        return Arrays.stream(tokens).flatMapToInt(Arrays::stream).toArray();
    }

    static double[] counting(int length) {
        double[] positions = new double[length];
        Arrays.setAll(positions, i -> i);
        return positions;
    }

    static boolean[] flatten(boolean[][] keep, int b, int s) {
        boolean[] flat = new boolean[b * s];
        Shapes.require(
                keep.length == b, "keep (%d rows) must have the %d of the batch", keep.length, b);
        for (int row = 0; row < b; row++) {
            Shapes.require(
                    keep[row].length == s,
                    "keep (%d) must have one element for each of the %d tokens",
                    keep[row].length,
                    s);
            System.arraycopy(keep[row], 0, flat, row * s, s);
        }
        return flat;
    }
}

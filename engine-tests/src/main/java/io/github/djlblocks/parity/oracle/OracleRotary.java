package io.github.djlblocks.parity.oracle;

import java.util.List;

/** Rotary position embedding, RoPE (arXiv 2104.09864). */
public final class OracleRotary {

    private OracleRotary() {}

    /** Which channels form the pair that frequency i turns; r is the number of channels turned. */
    public enum Layout {
        /** Channels i and i + r / 2: GPT-NeoX, Hugging Face. */
        HALF_SPLIT,
        /** Channels 2 i and 2 i + 1: the paper, GPT-J, Meta's LLaMA. */
        INTERLEAVED
    }

    /**
     * Turns each pair (u, v) of the first r channels by the angle {@code a = positions[b][s] *
     * inverseFrequencies[i]}: {@code u' = m (u cos a - v sin a)}, {@code v' = m (u sin a + v cos
     * a)}, m the attention scaling. The other channels pass unchanged. The gradient is turned by
     * -a.
     *
     * @param x (B, H, S, D)
     * @param positions the position of each token, B rows, or one for all, of S
     * @param inverseFrequencies r / 2 frequencies in radians per position; r is at most D
     * @param layout which channels form a pair
     * @param attentionScaling the factor m on the turned channels: 1 but for YaRN and LongRoPE
     * @return (B, H, S, D)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var rotary(
            Var x,
            double[][] positions,
            double[] inverseFrequencies,
            Layout layout,
            double attentionScaling) {
        Shapes.requireRank(x, "x", 4, "(B, H, S, D)");
        int b = x.dims()[0];
        int s = x.dims()[2];
        Shapes.require(
                positions.length == b || positions.length == 1,
                "positions (%d rows) must have one row, or one for each of the %d of the batch",
                positions.length,
                b);
        for (double[] row : positions) {
            Shapes.require(
                    row.length == s,
                    "positions (%d) must have one element for each of the %d tokens",
                    row.length,
                    s);
        }
        return turned(
                x,
                inverseFrequencies.length,
                (row, token, pair) ->
                        positions[positions.length == 1 ? 0 : row][token]
                                * inverseFrequencies[pair],
                (row, token, pair) -> attentionScaling,
                layout);
    }

    /** A number for each pair of channels of each token. */
    @FunctionalInterface
    public interface PerPair {

        /**
         * Returns the number.
         *
         * @param row of the batch
         * @param token of the sequence
         * @param pair of channels
         * @return the number
         */
        double at(int row, int token, int pair);
    }

    /**
     * Turns each pair (u, v) of the first channels by an angle a and stretches it by a factor m:
     * {@code u' = m (u cos a - v sin a)}, {@code v' = m (u sin a + v cos a)}.
     *
     * @param x (B, H, S, D)
     * @param pairs how many pairs are turned; at most D / 2
     * @param angle the angle, in radians
     * @param factor the factor
     * @param layout which channels form a pair
     * @return (B, H, S, D)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var turned(Var x, int pairs, PerPair angle, PerPair factor, Layout layout) {
        Shapes.requireRank(x, "x", 4, "(B, H, S, D)");
        int s = x.dims()[2];
        int d = x.dims()[3];
        Shapes.require(
                2 * pairs <= d,
                "inverseFrequencies (%d) turn %d channels, but x %s has only %d",
                pairs,
                2 * pairs,
                Shapes.text(x.dims()),
                d);
        double[] cos = new double[x.dims()[0] * s * pairs];
        double[] sin = new double[cos.length];
        for (int i = 0; i < cos.length; i++) {
            int token = i / pairs;
            double a = angle.at(token / s, token % s, i % pairs);
            double m = factor.at(token / s, token % s, i % pairs);
            cos[i] = m * Math.cos(a);
            sin[i] = m * Math.sin(a);
        }
        double[] y = new double[x.data().length];
        turn(x.data(), y, x.dims(), cos, sin, 1, layout);
        return Var.node(
                y, x.dims(), List.of(x), dy -> turn(dy, x.sink(), x.dims(), cos, sin, -1, layout));
    }

    /** Adds to {@code to} the turned {@code from}; direction -1 turns back. */
    private static void turn(
            double[] from,
            double[] to,
            int[] shape,
            double[] cos,
            double[] sin,
            int direction,
            Layout layout) {
        int h = shape[1];
        int s = shape[2];
        int d = shape[3];
        int pairs = cos.length / (shape[0] * s);
        for (int row = 0; row < from.length / d; row++) {
            int token = row / (h * s) * s + row % s;
            for (int i = 0; i < pairs; i++) {
                boolean halves = layout == Layout.HALF_SPLIT;
                int u = row * d + (halves ? i : 2 * i);
                int v = row * d + (halves ? i + pairs : 2 * i + 1);
                double c = cos[token * pairs + i];
                double z = direction * sin[token * pairs + i];
                to[u] += from[u] * c - from[v] * z;
                to[v] += from[u] * z + from[v] * c;
            }
            for (int i = row * d + 2 * pairs; i < (row + 1) * d; i++) {
                to[i] += from[i];
            }
        }
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.Arrays;
import java.util.List;

/** Pooling of sequences, unit length, and parts of the last axis. */
public final class OracleSequences {

    private OracleSequences() {}

    /** How the kept vectors of a sequence become one; n counts them. */
    public enum Pooling {
        /** The first vector, kept or not. */
        FIRST,
        /** The last kept vector. */
        LAST,
        /** The largest kept value of each channel. */
        MAX,
        /** The sum over n. */
        MEAN,
        /** The sum over the square root of n. */
        MEAN_SQRT_LENGTH,
        /** The mean with weights 1, 2, 3 and so on by position. */
        WEIGHTED_MEAN
    }

    /**
     * Pools: {@code y[b, e] = sum_s w[b, s, e] x[b, s, e]} with the weights of a mode, gradient
     * {@code dx = w dy}. Where nothing is kept the weights are 0, except in mode FIRST.
     *
     * @param x (B, S, E)
     * @param keep (B * S), false on padding
     * @param pooling the mode
     * @return (B, E)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var pool(Var x, boolean[] keep, Pooling pooling) {
        Shapes.requireRank(x, "x", 3, "(B, S, E)");
        int b = x.dims()[0];
        int s = x.dims()[1];
        int e = x.dims()[2];
        Shapes.require(
                keep.length == b * s,
                "keep (%d) must have one element for each of the %d vectors",
                keep.length,
                b * s);
        double[] weights = new double[b * s * e];
        for (int row = 0; row < b; row++) {
            boolean[] kept = Arrays.copyOfRange(keep, row * s, (row + 1) * s);
            for (int c = 0; c < e; c++) {
                for (int at = 0; at < s; at++) {
                    weights[(row * s + at) * e + c] =
                            weight(x.data(), row, c, at, kept, pooling, e);
                }
            }
        }
        double[] y = new double[b * e];
        for (int i = 0; i < weights.length; i++) {
            y[i / (s * e) * e + i % e] += weights[i] * x.data()[i];
        }
        return Var.node(
                y,
                new int[] {b, e},
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < weights.length; i++) {
                        dx[i] += weights[i] * dy[i / (s * e) * e + i % e];
                    }
                });
    }

    private static double weight(
            double[] x, int row, int c, int at, boolean[] keep, Pooling pooling, int e) {
        if (pooling == Pooling.FIRST) {
            return at == 0 ? 1 : 0;
        }
        if (!keep[at]) {
            return 0;
        }
        int s = keep.length;
        int n = 0;
        int last = 0;
        int largest = at;
        double weights = 0;
        for (int i = 0; i < s; i++) {
            if (keep[i]) {
                n++;
                last = i;
                weights += i + 1;
                largest = x[(row * s + i) * e + c] > x[(row * s + largest) * e + c] ? i : largest;
            }
        }
        return switch (pooling) {
            case FIRST -> throw new IllegalStateException("answered above");
            case LAST -> at == last ? 1 : 0;
            case MAX -> at == largest ? 1 : 0;
            case MEAN -> 1.0 / n;
            case MEAN_SQRT_LENGTH -> 1 / Math.sqrt(n);
            case WEIGHTED_MEAN -> (at + 1) / weights;
        };
    }

    /**
     * Scales each row to length 1: {@code y = x / d}, {@code d = max(||x||, epsilon)}. Gradient:
     * {@code dx = (dy - y (y dy)) / d} where the row is longer than epsilon, {@code dy / epsilon}
     * where it is not.
     *
     * @param x (..., n)
     * @param epsilon the least divisor
     * @return (..., n)
     */
    public static Var unitNorm(Var x, double epsilon) {
        int n = Shapes.last(x, "x");
        double[] y = x.values();
        double[] divisors = new double[y.length / n];
        boolean[] longer = new boolean[divisors.length];
        for (int row = 0; row < divisors.length; row++) {
            double squares = 0;
            for (int i = row * n; i < (row + 1) * n; i++) {
                squares += y[i] * y[i];
            }
            longer[row] = Math.sqrt(squares) > epsilon;
            divisors[row] = longer[row] ? Math.sqrt(squares) : epsilon;
            for (int i = row * n; i < (row + 1) * n; i++) {
                y[i] /= divisors[row];
            }
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int row = 0; row < divisors.length; row++) {
                        double along = 0;
                        for (int i = row * n; longer[row] && i < (row + 1) * n; i++) {
                            along += y[i] * dy[i];
                        }
                        for (int i = row * n; i < (row + 1) * n; i++) {
                            dx[i] += (dy[i] - y[i] * along) / divisors[row];
                        }
                    }
                });
    }

    /**
     * Joins along the last axis; each part's gradient is its part of the gradient.
     *
     * @param first (..., n)
     * @param second (..., m), the other axes the same
     * @return (..., n + m)
     * @throws IllegalArgumentException if the other axes differ
     */
    public static Var join(Var first, Var second) {
        int n = Shapes.last(first, "first");
        int m = Shapes.last(second, "second");
        Shapes.require(
                Arrays.equals(Shapes.withLast(first.dims(), m), second.dims()),
                "%s and %s must differ in the last axis alone",
                Shapes.text(first.dims()),
                Shapes.text(second.dims()));
        int rows = first.data().length / n;
        double[] y = new double[rows * (n + m)];
        for (int i = 0; i < y.length; i++) {
            int row = i / (n + m);
            int c = i % (n + m);
            y[i] = c < n ? first.data()[row * n + c] : second.data()[row * m + c - n];
        }
        return Var.node(
                y,
                Shapes.withLast(first.dims(), n + m),
                List.of(first, second),
                dy -> {
                    for (int i = 0; i < dy.length; i++) {
                        int row = i / (n + m);
                        int c = i % (n + m);
                        if (c < n) {
                            first.sink()[row * n + c] += dy[i];
                        } else {
                            second.sink()[row * m + c - n] += dy[i];
                        }
                    }
                });
    }

    /**
     * Takes one channel of the last axis.
     *
     * @param x (..., n)
     * @param channel 0 to n - 1
     * @return (...)
     * @throws IllegalArgumentException if there is no such channel
     */
    public static Var channel(Var x, int channel) {
        int n = Shapes.last(x, "x");
        Shapes.require(
                channel >= 0 && channel < n, "channel (%d) must be from 0 to %d", channel, n - 1);
        double[] y = new double[x.data().length / n];
        Arrays.setAll(y, row -> x.data()[row * n + channel]);
        return Var.node(
                y,
                Arrays.copyOf(x.dims(), x.dims().length - 1),
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int row = 0; row < dy.length; row++) {
                        dx[row * n + channel] += dy[row];
                    }
                });
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.Arrays;
import java.util.List;

/** Biases of attention scores by the positions of queries and keys: ALiBi and T5's. */
public final class OraclePositionBias {

    private OraclePositionBias() {}

    /** A number for a query and a key of a row of the batch. */
    @FunctionalInterface
    public interface Distance {

        /**
         * Returns the number.
         *
         * @param query its position
         * @param key its position
         * @return what the slope of a head is multiplied with
         */
        double of(double query, double key);
    }

    /**
     * ALiBi, arXiv 2108.12409: a slope for each head times a distance.
     *
     * @param queries positions of the queries, a row for each of the batch
     * @param keys positions of the keys, as many rows
     * @param slopes of the heads, H
     * @param distance of a query and a key
     * @return (rows, H, queries, keys)
     */
    public static Var alibi(
            double[][] queries, double[][] keys, double[] slopes, Distance distance) {
        int s = queries[0].length;
        int t = keys[0].length;
        double[] bias = new double[queries.length * slopes.length * s * t];
        for (int i = 0; i < bias.length; i++) {
            int row = i / (slopes.length * s * t);
            double slope = slopes[i / (s * t) % slopes.length];
            bias[i] = slope * distance.of(queries[row][i / t % s], keys[row][i % t]);
        }
        return Var.of(bias, queries.length, slopes.length, s, t);
    }

    /**
     * The slopes of the paper, as a recursion: those of twice a power of two are each slope's
     * square root put before it, beginning from 2^-8 for one head; another number of heads has
     * those of the power of two below and then the new ones of the next.
     *
     * @param heads H
     * @return H slopes
     */
    public static double[] slopes(int heads) {
        double[] powers = {Math.pow(2, -8)};
        while (powers.length * 2 <= heads) {
            powers = doubled(powers);
        }
        double[] next = doubled(powers);
        double[] slopes = Arrays.copyOf(powers, heads);
        for (int i = powers.length; i < heads; i++) {
            slopes[i] = next[2 * (i - powers.length)];
        }
        return slopes;
    }

    /** Slopes r, r^2, r^3 ... to sqrt(r), r, r sqrt(r), r^2 ... */
    private static double[] doubled(double[] slopes) {
        double root = Math.sqrt(slopes[0]);
        double[] doubled = new double[2 * slopes.length];
        for (int i = 0; i < slopes.length; i++) {
            doubled[2 * i] = i == 0 ? root : slopes[i - 1] * root;
            doubled[2 * i + 1] = slopes[i];
        }
        return doubled;
    }

    /**
     * T5, arXiv 1910.10683: a table's row for the bucket of each distance.
     *
     * @param queries positions of the queries, a row for each of the batch
     * @param keys positions of the keys, as many rows
     * @param table (buckets, H)
     * @param maxDistance from which all distances share a bucket
     * @param bidirectional whether later keys are told apart
     * @return (rows, H, queries, keys)
     */
    public static Var t5(
            double[][] queries,
            double[][] keys,
            Var table,
            int maxDistance,
            boolean bidirectional) {
        Shapes.requireRank(table, "table", 2, "(buckets, H)");
        int buckets = table.dims()[0];
        int heads = table.dims()[1];
        int s = queries[0].length;
        int t = keys[0].length;
        int[] cells = new int[queries.length * heads * s * t];
        double[] bias = new double[cells.length];
        for (int i = 0; i < cells.length; i++) {
            int row = i / (heads * s * t);
            double relative = keys[row][i % t] - queries[row][i / t % s];
            cells[i] =
                    bucket((int) relative, buckets, maxDistance, bidirectional) * heads
                            + i / (s * t) % heads;
            bias[i] = table.data()[cells[i]];
        }
        return Var.node(
                bias,
                new int[] {queries.length, heads, s, t},
                List.of(table),
                dy -> {
                    for (int i = 0; i < dy.length; i++) {
                        table.sink()[cells[i]] += dy[i];
                    }
                });
    }

    /**
     * The bucket of a relative position, found by counting: of the b buckets of a side, half are
     * single distances; the j-th of the others begins where {@code (d / half)^(b - half)} reaches
     * {@code (maxDistance / half)^j}.
     *
     * @param relative position of the key minus that of the query
     * @param buckets how many there are, both sides together
     * @param maxDistance from which all distances share a bucket
     * @param bidirectional whether later keys are told apart
     * @return from 0 to buckets - 1
     */
    public static int bucket(int relative, int buckets, int maxDistance, boolean bidirectional) {
        int side = bidirectional ? buckets / 2 : buckets;
        if (relative > 0) {
            return bidirectional ? side + bucket(-relative, buckets, maxDistance, true) : 0;
        }
        int distance = -relative;
        int half = side / 2;
        if (distance < half) {
            return distance;
        }
        double reached = Math.pow((double) distance / half, side - half);
        int bucket = half;
        // A hair below, since powers that are equal may round differently.
        while (bucket < side - 1
                && reached * (1 + 1e-9)
                        >= Math.pow((double) maxDistance / half, bucket + 1 - half)) {
            bucket++;
        }
        return bucket;
    }
}

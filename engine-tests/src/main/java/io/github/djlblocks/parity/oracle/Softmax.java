package io.github.djlblocks.parity.oracle;

/** {@code p = exp(z) / sum(exp(z))} over stretches of an array, without overflow. */
final class Softmax {

    private Softmax() {}

    /** Replaces z by its softmax; a stretch that is wholly negative infinity becomes 0. */
    static void apply(double[] z, int from, int length) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + length; i++) {
            max = Math.max(max, z[i]);
        }
        double sum = 0;
        for (int i = from; i < from + length; i++) {
            z[i] = max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(z[i] - max);
            sum += z[i];
        }
        for (int i = from; sum > 0 && i < from + length; i++) {
            z[i] /= sum;
        }
    }

    /** {@code dz = p (dp - sum(p dp))} of each stretch of the given length. */
    static double[] gradient(double[] p, double[] dp, int length) {
        double[] dz = new double[p.length];
        for (int row = 0; row < p.length; row += length) {
            double along = 0;
            for (int i = row; i < row + length; i++) {
                along += p[i] * dp[i];
            }
            for (int i = row; i < row + length; i++) {
                dz[i] = p[i] * (dp[i] - along);
            }
        }
        return dz;
    }
}

package io.github.djlblocks.parity.oracle;

/**
 * Frequencies of rotary embeddings for sequences longer than those of training, each from the
 * standard ones of arXiv 2104.09864.
 */
public final class OracleRotaryScalings {

    private OracleRotaryScalings() {}

    /**
     * Position interpolation, arXiv 2306.15595: every position is divided by a factor.
     *
     * @param frequencies of pairs; not changed
     * @param factor above 0
     * @return the frequencies of undivided positions
     */
    public static double[] linear(double[] frequencies, double factor) {
        double[] scaled = frequencies.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] /= factor;
        }
        return scaled;
    }

    /**
     * Dynamic NTK: the slowest pair is interpolated by {@code s = factor length / trained - factor
     * + 1}, the fastest not at all, those between in a geometric sequence: pair i by {@code s^(i /
     * (pairs - 1))}.
     *
     * @param frequencies standard ones; at least 2
     * @param factor above 0
     * @param trained the length of training
     * @param length the length of the sequence
     * @return the frequencies of that length
     */
    public static double[] dynamic(
            double[] frequencies, double factor, double trained, double length) {
        double[] scaled = frequencies.clone();
        double s = factor * Math.max(length, trained) / trained - factor + 1;
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= Math.exp(-Math.log(s) * i / (scaled.length - 1));
        }
        return scaled;
    }

    /**
     * The numbers of YaRN, arXiv 2309.00071.
     *
     * @param factor of the interpolation
     * @param context the length of training
     * @param fast turns over the context from which a pair is left alone
     * @param slow turns over the context up to which a pair is interpolated
     * @param whole whether the ramp between starts and ends at whole pairs
     */
    public record Yarn(double factor, double context, double fast, double slow, boolean whole) {}

    /**
     * YaRN: a ramp over the pairs from no interpolation to all of it.
     *
     * @param frequencies standard ones of theta; not changed
     * @param theta their base
     * @param yarn the numbers
     * @return the scaled frequencies
     */
    public static double[] yarn(double[] frequencies, double theta, Yarn yarn) {
        int pairs = frequencies.length;
        double start = pair(yarn.context(), yarn.fast(), theta, pairs);
        double end = pair(yarn.context(), yarn.slow(), theta, pairs);
        if (yarn.whole()) {
            start = Math.floor(start);
            end = Math.ceil(end);
        }
        start = Math.max(start, 0);
        end = Math.min(end, 2 * pairs - 1);
        double[] scaled = new double[pairs];
        for (int i = 0; i < pairs; i++) {
            double part = start == end ? (i - start) / 0.001 : (i - start) / (end - start);
            part = Math.min(1, Math.max(0, part));
            scaled[i] = frequencies[i] / yarn.factor() * part + frequencies[i] * (1 - part);
        }
        return scaled;
    }

    /** The (fractional) pair that turns so often over the context: theta^(-i / pairs) context. */
    private static double pair(double context, double turns, double theta, int pairs) {
        return pairs * (Math.log(context) - Math.log(2 * Math.PI * turns)) / Math.log(theta);
    }

    /**
     * The base of xPos for a pair, arXiv 2212.10554: {@code (i / pairs + gamma) / (1 + gamma)}.
     *
     * @param pair i
     * @param pairs how many there are
     * @param gamma 0.4 in the paper
     * @return what is raised to the power of the position
     */
    public static double xPos(int pair, int pairs, double gamma) {
        return (pair + gamma * pairs) / (pairs + gamma * pairs);
    }
}

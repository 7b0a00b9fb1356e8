package io.github.djlblocks.kernel;

import java.util.Arrays;
import java.util.List;

/**
 * How scores fall with the distance: ALiBi.
 *
 * @param slopes of each head
 * @param form what a slope is multiplied with
 */
public record LinearBiasSpec(List<Double> slopes, Form form) {

    /** What a slope is multiplied with, for a query at position q and a key at position k. */
    public enum Form {
        /** {@code k - q}: falling into the past, for causal attention. */
        SIGNED,
        /** {@code -|k - q|}: falling to both sides, for encoders. */
        SYMMETRIC,
        /** {@code k}: the same after the softmax as SIGNED, and what BLOOM computes. */
        KEY
    }

    /**
     * Copies and checks.
     *
     * @param slopes of each head
     * @param form what a slope is multiplied with
     */
    public LinearBiasSpec {
        if (slopes.isEmpty()) {
            throw new IllegalArgumentException("slopes is empty: give one for each head");
        }
        slopes = List.copyOf(slopes);
        for (int head = 0; head < slopes.size(); head++) {
            if (!Double.isFinite(slopes.get(head))) {
                throw new IllegalArgumentException(
                        "slope "
                                + head
                                + " ("
                                + slopes.get(head)
                                + ") must be a finite number: it multiplies distances");
            }
        }
    }

    /**
     * The slopes of the paper: for a power of two {@code 2^(-8 i / H)}, i from 1 to H; else those
     * of the power of two below, and then every other one of the power of two above.
     *
     * <p>Press et al., arXiv 2108.12409; {@code get_slopes} of
     * ofirpress/attention_with_linear_biases.
     *
     * @param heads H
     * @return H slopes
     * @throws IllegalArgumentException if there is no head
     */
    public static double[] slopes(int heads) {
        requireHeads(heads);
        int below = Integer.highestOneBit(heads);
        double[] slopes = new double[heads];
        for (int i = 0; i < heads; i++) {
            // Of the 2 * below slopes above, the first, third, fifth ...
            slopes[i] =
                    i < below
                            ? Math.pow(2, -8.0 * (i + 1) / below)
                            : Math.pow(2, -4.0 * (2 * (i - below) + 1) / below);
        }
        return slopes;
    }

    /**
     * The slopes of MPT: {@code 2^(-most i / N)} of the power of two N from H up; where N is not H,
     * every second one from the second, and then from the first.
     *
     * <p>{@code build_mpt_alibi_tensor} of Hugging Face transformers.
     *
     * @param heads H
     * @param most the exponent of the smallest slope, {@code alibi_bias_max}, 8 in MPT
     * @return H slopes
     * @throws IllegalArgumentException if there is no head
     */
    public static double[] slopesOfMpt(int heads, double most) {
        requireHeads(heads);
        int above = Integer.highestOneBit(2 * heads - 1);
        double[] slopes = new double[heads];
        Arrays.setAll(
                slopes,
                i -> {
                    int power = i + 1;
                    if (above != heads) {
                        power = i < above / 2 ? 2 * (i + 1) : 2 * (i - above / 2) + 1;
                    }
                    return Math.pow(2, -most * power / above);
                });
        return slopes;
    }

    private static void requireHeads(int heads) {
        if (heads < 1) {
            throw new IllegalArgumentException("heads (" + heads + ") must be at least 1");
        }
    }
}

package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * xPos: queries grow and keys shrink with the position, so that their product decays with the
 * distance, faster for the slowly turning pairs.
 *
 * <p>At position p the query's pair i is multiplied by {@code z_i^((p - centre) / base)}, the key's
 * is divided by it, {@code z_i = (2 i / r + gamma) / (1 + gamma)}. The centre cancels; it keeps the
 * numbers of far positions within range, and must be the same for all keys of a cache.
 *
 * <p>Sun et al., arXiv 2212.10554. {@code XPOS} of microsoft/torchscale has gamma 0.4, base 512 and
 * the middle of each pass as centre, rounded up.
 *
 * @param gamma above 0, 0.4 in the paper
 * @param base positions over which the factor z is reached, 512 in the paper
 * @param centre the position that is not scaled
 */
public record RotaryDecay(double gamma, double base, long centre) {

    /** The numbers of the paper, centred at position 0. */
    public static final RotaryDecay PAPER = new RotaryDecay(0.4, 512, 0);

    /**
     * Checks.
     *
     * @param gamma above 0, 0.4 in the paper
     * @param base positions over which the factor z is reached, 512 in the paper
     * @param centre the position that is not scaled
     */
    public RotaryDecay {
        Checks.positive("gamma", gamma);
        Checks.positive("base", base);
    }

    /** The factor of pair i of the query at a position. */
    double factor(int i, int pairs, long position) {
        double z = ((double) i / pairs + gamma) / (1 + gamma);
        return Math.pow(z, (position - centre) / base);
    }
}

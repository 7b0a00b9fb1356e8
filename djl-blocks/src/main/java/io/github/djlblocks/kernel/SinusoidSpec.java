package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;
import org.jspecify.annotations.Nullable;

/**
 * How positions become fixed sines and cosines.
 *
 * @param channels E, even
 * @param base of the geometric sequence of frequencies, 10000 in the paper
 * @param layout where the sine and the cosine of a frequency stand
 * @param spacing which frequencies there are
 * @param offset added to every position
 * @param paddingPosition the position, before the offset, that gives zeros; or none
 */
public record SinusoidSpec(
        int channels,
        double base,
        Layout layout,
        Spacing spacing,
        long offset,
        @Nullable Long paddingPosition) {

    /** Where the sine and the cosine of frequency {@code i} stand among E channels. */
    public enum Layout {
        /** Channels {@code 2 i} and {@code 2 i + 1}: the paper. */
        INTERLEAVED,
        /** Channels {@code i} and {@code i + E / 2}: tensor2tensor, fairseq, Marian. */
        HALVES
    }

    /** Which frequencies the E / 2 pairs have. */
    public enum Spacing {
        /** {@code base^(-2 i / E)}: the paper, Marian. */
        PAPER,
        /**
         * {@code base^(-i / (E / 2 - 1))}, so that the last is 1 / base: tensor2tensor, fairseq.
         */
        INCLUSIVE
    }

    /**
     * Checks.
     *
     * @param channels E, even
     * @param base of the geometric sequence of frequencies, 10000 in the paper
     * @param layout where the sine and the cosine of a frequency stand
     * @param spacing which frequencies there are
     * @param offset added to every position
     * @param paddingPosition the position, before the offset, that gives zeros; or none
     */
    public SinusoidSpec {
        Checks.positive("channels", channels);
        Checks.positive("base", base);
        if (channels % 2 != 0) {
            throw new IllegalArgumentException(
                    "channels ("
                            + channels
                            + ") must be even: each frequency has a sine and a cosine");
        }
    }

    /**
     * Returns the angle per position of each pair of channels.
     *
     * @return E / 2 frequencies in radians per position
     */
    public double[] frequencies() {
        double[] frequencies = new double[channels / 2];
        int steps = spacing == Spacing.PAPER ? channels / 2 : Math.max(1, channels / 2 - 1);
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(base, -(double) i / steps);
        }
        return frequencies;
    }
}

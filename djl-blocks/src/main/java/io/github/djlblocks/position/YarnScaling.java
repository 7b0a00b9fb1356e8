package io.github.djlblocks.position;

import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;

/**
 * YaRN: pairs that turn often over the trained context keep their frequency, pairs that turn less
 * than once are interpolated, those between are blended; and attention grows sharper.
 *
 * <p>{@code f'_i = (1 - g_i) f_i + g_i f_i / factor}. The pair {@code d(b) = r ln(C / (2 pi b)) /
 * (2 ln theta)} turns b times over the context C; {@code g_i} rises from 0 at {@code max(0,
 * floor(d(betaFast)))} to 1 at {@code min(r - 1, ceil(d(betaSlow)))}.
 *
 * <p>Peng et al., arXiv 2309.00071; as {@code _compute_yarn_parameters} of Hugging Face
 * transformers. gpt-oss does not round the two ends: {@link #withTruncate}.
 *
 * @param factor how much longer
 * @param originalContext positions seen in pre-training, C
 * @param betaFast turns from which a pair keeps its frequency, 32 in the paper
 * @param betaSlow turns below which a pair is interpolated, 1 in the paper
 * @param truncate whether the ends of the ramp are rounded to whole pairs
 * @param attentionFactor multiplies cosines and sines
 */
public record YarnScaling(
        double factor,
        int originalContext,
        double betaFast,
        double betaSlow,
        boolean truncate,
        double attentionFactor)
        implements RotaryScaling {

    /** What the reference adds where the ramp has no width. */
    private static final double LEAST_WIDTH = 0.001;

    /**
     * Checks.
     *
     * @param factor how much longer
     * @param originalContext positions seen in pre-training, C
     * @param betaFast turns from which a pair keeps its frequency, 32 in the paper
     * @param betaSlow turns below which a pair is interpolated, 1 in the paper
     * @param truncate whether the ends of the ramp are rounded to whole pairs
     * @param attentionFactor multiplies cosines and sines
     */
    public YarnScaling {
        Checks.positive("factor", factor);
        Checks.positive("originalContext", originalContext);
        Checks.positive("betaSlow", betaSlow);
        Checks.positive("attentionFactor", attentionFactor);
        if (!(betaFast >= betaSlow) || Double.isInfinite(betaFast)) {
            throw new IllegalArgumentException(
                    "betaFast ("
                            + betaFast
                            + ") must be at least betaSlow ("
                            + betaSlow
                            + "): fast pairs keep their frequency, slow ones are interpolated");
        }
    }

    /**
     * The factor of YaRN's attention: {@code 0.1 mscale ln(factor) + 1}, 1 for factors up to 1.
     *
     * <p>DeepSeek multiplies the scale of its scores with the square of that of {@code
     * mscale_all_dim}, besides.
     *
     * @param factor how much longer
     * @param mscale 1 in the paper
     * @return the factor of cosines and sines
     */
    public static double mscale(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    /**
     * Returns this scaling with another ramp.
     *
     * @param newBetaFast turns from which a pair keeps its frequency
     * @param newBetaSlow turns below which a pair is interpolated
     * @return a scaling with it
     */
    public YarnScaling withBetas(double newBetaFast, double newBetaSlow) {
        return new YarnScaling(
                factor, originalContext, newBetaFast, newBetaSlow, truncate, attentionFactor);
    }

    /**
     * Returns this scaling with the ends of its ramp rounded or not.
     *
     * @param newTruncate whether they are rounded to whole pairs
     * @return a scaling with them
     */
    public YarnScaling withTruncate(boolean newTruncate) {
        return new YarnScaling(
                factor, originalContext, betaFast, betaSlow, newTruncate, attentionFactor);
    }

    /**
     * Returns this scaling with another factor of cosines and sines.
     *
     * @param newAttentionFactor above 0
     * @return a scaling with it
     */
    public YarnScaling withAttentionFactor(double newAttentionFactor) {
        return new YarnScaling(
                factor, originalContext, betaFast, betaSlow, truncate, newAttentionFactor);
    }

    /**
     * Returns this scaling with DeepSeek's factor of cosines and sines: that of {@code mscale} over
     * that of {@code mscale_all_dim}.
     *
     * @param mscale of the numerator
     * @param mscaleAllDim of the denominator
     * @return a scaling with it
     */
    public YarnScaling withMscale(double mscale, double mscaleAllDim) {
        return withAttentionFactor(mscale(factor, mscale) / mscale(factor, mscaleAllDim));
    }

    @Override
    public RotarySpec spec(double theta, int rotaryDim, RotaryLayout layout) {
        double[] rates = RotaryFrequencies.standard(theta, rotaryDim);
        double fast = pairThatTurns(betaFast, theta, rotaryDim);
        double slow = pairThatTurns(betaSlow, theta, rotaryDim);
        double low = Math.max(0, truncate ? Math.floor(fast) : fast);
        double high = Math.min(rotaryDim - 1, truncate ? Math.ceil(slow) : slow);
        double width = low == high ? LEAST_WIDTH : high - low;
        for (int i = 0; i < rates.length; i++) {
            double interpolated = Math.max(0, Math.min(1, (i - low) / width));
            rates[i] = rates[i] * (1 - interpolated) + rates[i] / factor * interpolated;
        }
        return new RotarySpec(rates, layout, attentionFactor);
    }

    private double pairThatTurns(double times, double theta, int rotaryDim) {
        return rotaryDim
                * Math.log(originalContext / (times * 2 * Math.PI))
                / (2 * Math.log(theta));
    }
}

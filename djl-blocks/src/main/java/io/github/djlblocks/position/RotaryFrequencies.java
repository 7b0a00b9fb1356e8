package io.github.djlblocks.position;

import io.github.djlblocks.internal.Checks;
import java.util.ArrayList;
import java.util.List;

/**
 * Inverse frequencies of rotary embedding: the angle, in radians per position, by which each pair
 * of channels turns.
 */
public final class RotaryFrequencies {

    private RotaryFrequencies() {}

    /**
     * The frequencies of the paper: {@code theta^(-2 i / r)} for pair {@code i} of {@code r / 2}.
     *
     * <p>Su et al., arXiv 2104.09864, section 3.4.3.
     *
     * @param theta base, 10000 in the paper
     * @param rotaryDim channels that are turned, r, even
     * @return r / 2 frequencies
     * @throws IllegalArgumentException if theta is not positive or rotaryDim not positive and even
     */
    public static double[] standard(double theta, int rotaryDim) {
        Checks.positive("ropeTheta", theta);
        Checks.positive("rotaryDim", rotaryDim);
        if (rotaryDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "rotaryDim ("
                            + rotaryDim
                            + ") must be even: rotary embedding pairs its channels");
        }
        double[] frequencies = new double[rotaryDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(theta, -2.0 * i / rotaryDim);
        }
        return frequencies;
    }

    /**
     * Llama 3.1's scaling of the standard frequencies for a longer context: wavelengths up to
     * {@code originalContext / highFrequencyFactor} stay, those from {@code originalContext /
     * lowFrequencyFactor} are stretched by {@code factor}, those between are blended.
     *
     * <p>With wavelength {@code l = 2 pi / f} and {@code s = (originalContext / l - low) / (high -
     * low)}: {@code f' = (1 - s) f / factor + s f}. As {@code _compute_llama3_parameters} of
     * Hugging Face transformers and {@code apply_scaling} of meta-llama/llama-models.
     *
     * @param frequencies standard frequencies
     * @param factor how much longer, 8 in Llama 3.1
     * @param lowFrequencyFactor 1 in Llama 3.1
     * @param highFrequencyFactor 4 in Llama 3.1, above lowFrequencyFactor
     * @param originalContext positions seen in pre-training, 8192 in Llama 3.1
     * @return as many frequencies
     * @throws IllegalArgumentException if a factor is not positive or high is not above low
     */
    public static double[] llama3(
            double[] frequencies,
            double factor,
            double lowFrequencyFactor,
            double highFrequencyFactor,
            int originalContext) {
        Checks.positive("factor", factor);
        Checks.positive("lowFrequencyFactor", lowFrequencyFactor);
        Checks.positive("originalContext", originalContext);
        if (!(highFrequencyFactor > lowFrequencyFactor)) {
            throw new IllegalArgumentException(
                    "highFrequencyFactor ("
                            + highFrequencyFactor
                            + ") must be above lowFrequencyFactor ("
                            + lowFrequencyFactor
                            + ")");
        }
        double[] scaled = new double[frequencies.length];
        for (int i = 0; i < scaled.length; i++) {
            double periods = originalContext * frequencies[i] / (2 * Math.PI);
            double blend =
                    (periods - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
            double kept = Math.max(0, Math.min(1, blend));
            scaled[i] = frequencies[i] * ((1 - kept) / factor + kept);
        }
        return scaled;
    }

    /** The standard frequencies, each divided by its factor. */
    static List<Double> divided(double theta, int rotaryDim, String name, List<Double> factors) {
        double[] frequencies = standard(theta, rotaryDim);
        if (factors.size() != frequencies.length) {
            throw new IllegalArgumentException(
                    name
                            + " ("
                            + factors.size()
                            + ") must be one for each of the "
                            + frequencies.length
                            + " pairs of channels");
        }
        List<Double> divided = new ArrayList<>();
        for (int i = 0; i < frequencies.length; i++) {
            divided.add(frequencies[i] / Checks.positive(name, factors.get(i)));
        }
        return divided;
    }
}

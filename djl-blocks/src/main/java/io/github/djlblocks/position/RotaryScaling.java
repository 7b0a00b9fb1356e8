package io.github.djlblocks.position;

import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotaryRates;
import io.github.djlblocks.kernel.RotarySpec;
import java.util.Arrays;
import java.util.List;

/**
 * How the frequencies of rotary embedding are changed for sequences longer than those of
 * pre-training: the {@code rope_type}s of Hugging Face transformers.
 *
 * <p>{@code f_i = theta^(-2 i / r)} are the standard frequencies of r channels, L the length of the
 * sequence.
 */
@FunctionalInterface
public interface RotaryScaling {

    /**
     * Computes how positions become angles.
     *
     * @param theta the base
     * @param rotaryDim channels that are turned, r, even
     * @param layout which channels form a pair
     * @return rates, layout and attention factor
     * @throws IllegalArgumentException if a number is out of range or does not fit rotaryDim
     */
    RotarySpec spec(double theta, int rotaryDim, RotaryLayout layout);

    /**
     * No scaling: {@code f_i}.
     *
     * @return {@code rope_type: default}
     */
    static RotaryScaling none() {
        return linear(1);
    }

    /**
     * Position interpolation: {@code f_i / factor}. Chen et al., arXiv 2306.15595.
     *
     * @param factor how much longer
     * @return {@code rope_type: linear}
     */
    static RotaryScaling linear(double factor) {
        Checks.positive("factor", factor);
        return (theta, rotaryDim, layout) -> {
            double[] rates = RotaryFrequencies.standard(theta, rotaryDim);
            Arrays.setAll(rates, i -> rates[i] / factor);
            return new RotarySpec(rates, layout, 1);
        };
    }

    /**
     * Dynamic NTK: beyond the trained length the base grows with L. See {@link
     * RotaryRates.DynamicNtk}.
     *
     * @param factor how fast
     * @param trainedLength positions seen in pre-training
     * @return {@code rope_type: dynamic}
     */
    static RotaryScaling dynamicNtk(double factor, int trainedLength) {
        return (theta, rotaryDim, layout) ->
                new RotarySpec(
                        new RotaryRates.DynamicNtk(theta, rotaryDim, factor, trainedLength),
                        layout,
                        1,
                        List.of(),
                        null);
    }

    /**
     * YaRN, with its usual numbers; {@link YarnScaling} has the others.
     *
     * @param factor how much longer
     * @param originalContext positions seen in pre-training
     * @return {@code rope_type: yarn}
     */
    static YarnScaling yarn(double factor, int originalContext) {
        return new YarnScaling(factor, originalContext, 32, 1, true, YarnScaling.mscale(factor, 1));
    }

    /**
     * Llama 3.1's scaling. See {@link RotaryFrequencies#llama3}.
     *
     * @param factor how much longer, 8 in Llama 3.1
     * @param lowFrequencyFactor 1 in Llama 3.1
     * @param highFrequencyFactor 4 in Llama 3.1
     * @param originalContext positions seen in pre-training, 8192 in Llama 3.1
     * @return {@code rope_type: llama3}
     */
    static RotaryScaling llama3(
            double factor,
            double lowFrequencyFactor,
            double highFrequencyFactor,
            int originalContext) {
        return (theta, rotaryDim, layout) ->
                new RotarySpec(
                        RotaryFrequencies.llama3(
                                RotaryFrequencies.standard(theta, rotaryDim),
                                factor,
                                lowFrequencyFactor,
                                highFrequencyFactor,
                                originalContext),
                        layout,
                        1);
    }

    /**
     * LongRoPE: {@code f_i / short_i} for L up to originalContext, {@code f_i / long_i} beyond.
     * Ding et al., arXiv 2402.13753; as {@code _compute_longrope_parameters} of transformers.
     *
     * @param shortFactors one for each of the r / 2 pairs
     * @param longFactors as many
     * @param originalContext positions seen in pre-training
     * @param attentionFactor multiplies cosines and sines, at every length; see {@link
     *     #longRopeAttention}
     * @return {@code rope_type: longrope}
     */
    static RotaryScaling longRope(
            List<Double> shortFactors,
            List<Double> longFactors,
            int originalContext,
            double attentionFactor) {
        Checks.positive("originalContext", originalContext);
        return (theta, rotaryDim, layout) ->
                new RotarySpec(
                        new RotaryRates.Switched(
                                RotaryFrequencies.divided(
                                        theta, rotaryDim, "short factors", shortFactors),
                                RotaryFrequencies.divided(
                                        theta, rotaryDim, "long factors", longFactors),
                                originalContext),
                        layout,
                        attentionFactor,
                        List.of(),
                        null);
    }

    /**
     * The attention factor of LongRoPE: {@code sqrt(1 + ln(factor) / ln(originalContext))}, 1 for
     * factors up to 1.
     *
     * @param factor how much longer
     * @param originalContext positions seen in pre-training, above 1
     * @return the factor of cosines and sines
     */
    static double longRopeAttention(double factor, int originalContext) {
        return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContext));
    }

    /**
     * Proportional: the first {@code part} of the pairs turn as if all did, {@code f_i / factor},
     * the others not at all. Gemma 4's global layers.
     *
     * @param part of the pairs that turn, above 0, at most 1
     * @param factor how much longer
     * @return {@code rope_type: proportional}
     */
    static RotaryScaling proportional(double part, double factor) {
        Checks.positive("factor", factor);
        if (!(part > 0 && part <= 1)) {
            throw new IllegalArgumentException(
                    "part (" + part + ") must be above 0 and at most 1: of the pairs that turn");
        }
        return (theta, rotaryDim, layout) -> {
            double[] rates = RotaryFrequencies.standard(theta, rotaryDim);
            int turning = (int) Math.floor(part * rotaryDim) / 2;
            Arrays.setAll(rates, i -> i < turning ? rates[i] / factor : 0);
            return new RotarySpec(rates, layout, 1);
        };
    }
}

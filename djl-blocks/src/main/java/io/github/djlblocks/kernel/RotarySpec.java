package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;
import java.util.Arrays;

/**
 * How positions become angles.
 *
 * @param inverseFrequencies angle per position of each pair of channels, in radians; (r / 2)
 * @param layout which channels form a pair
 * @param attentionFactor multiplies cosines and sines; 1 unless a scaling method says otherwise
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and on the way out
public record RotarySpec(double[] inverseFrequencies, RotaryLayout layout, double attentionFactor) {

    /**
     * Copies and checks.
     *
     * @param inverseFrequencies angle per position of each pair of channels, in radians; (r / 2)
     * @param layout which channels form a pair
     * @param attentionFactor multiplies cosines and sines; 1 unless a scaling method says otherwise
     */
    public RotarySpec {
        if (inverseFrequencies.length == 0) {
            throw new IllegalArgumentException(
                    "inverseFrequencies is empty: rotary embedding needs at least one pair of"
                            + " channels");
        }
        Checks.positive("attentionFactor", attentionFactor);
        inverseFrequencies = inverseFrequencies.clone();
    }

    /**
     * Returns a copy of the inverse frequencies.
     *
     * @return radians per position
     */
    @Override
    public double[] inverseFrequencies() {
        return inverseFrequencies.clone();
    }

    /**
     * Returns how many channels are turned.
     *
     * @return twice the number of frequencies
     */
    public int rotaryDim() {
        return 2 * inverseFrequencies.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RotarySpec that
                && Arrays.equals(inverseFrequencies, that.inverseFrequencies)
                && layout == that.layout
                && Double.compare(attentionFactor, that.attentionFactor) == 0;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(inverseFrequencies) + layout.hashCode();
    }

    @Override
    public String toString() {
        return "RotarySpec[rotaryDim="
                + rotaryDim()
                + ", layout="
                + layout
                + ", attentionFactor="
                + attentionFactor
                + "]";
    }
}

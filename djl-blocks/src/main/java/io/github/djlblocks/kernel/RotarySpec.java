package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How positions become angles. Equal specs give equal tables for equal positions.
 *
 * @param rates angle per position of each pair of channels, by the length of the sequence
 * @param layout which channels form a pair
 * @param attentionFactor multiplies cosines and sines; 1 unless a scaling method says otherwise
 * @param axes which axis of the positions turns each pair, from 0 (multi-axis rotary embedding,
 *     M-RoPE); empty if positions have one axis
 * @param decay xPos, or none
 */
public record RotarySpec(
        RotaryRates rates,
        RotaryLayout layout,
        double attentionFactor,
        List<Integer> axes,
        @Nullable RotaryDecay decay) {

    /**
     * Copies and checks.
     *
     * @param rates angle per position of each pair of channels, by the length of the sequence
     * @param layout which channels form a pair
     * @param attentionFactor multiplies cosines and sines; 1 unless a scaling method says otherwise
     * @param axes which axis of the positions turns each pair, from 0; or empty
     * @param decay xPos, or none
     */
    public RotarySpec {
        Checks.positive("attentionFactor", attentionFactor);
        axes = List.copyOf(axes);
        if (!axes.isEmpty() && axes.size() != rates.pairs()) {
            throw new IllegalArgumentException(
                    "axes has "
                            + axes.size()
                            + " entries but "
                            + rates.pairs()
                            + " pairs of channels turn: give one for each pair");
        }
        if (!axes.isEmpty() && Collections.min(axes) < 0) {
            throw new IllegalArgumentException(
                    "axes " + axes + " must be numbers from 0 up: an axis of the positions each");
        }
        if (decay != null && !axes.isEmpty()) {
            throw new IllegalArgumentException(
                    "xPos decays with a distance, which positions of several axes do not have:"
                            + " leave out decay or axes");
        }
    }

    /**
     * Creates a spec of rates that do not depend on the length.
     *
     * @param inverseFrequencies angle per position of each pair of channels, in radians; (r / 2)
     * @param layout which channels form a pair
     * @param attentionFactor multiplies cosines and sines
     */
    public RotarySpec(double[] inverseFrequencies, RotaryLayout layout, double attentionFactor) {
        this(RotaryRates.fixed(inverseFrequencies), layout, attentionFactor, List.of(), null);
    }

    /**
     * Returns this spec for positions of several axes.
     *
     * @param newAxes which axis turns each pair, from 0
     * @return a spec with them
     */
    public RotarySpec withAxes(List<Integer> newAxes) {
        return new RotarySpec(rates, layout, attentionFactor, newAxes, decay);
    }

    /**
     * Returns this spec with xPos.
     *
     * @param newDecay its numbers
     * @return a spec with it
     */
    public RotarySpec withDecay(RotaryDecay newDecay) {
        return new RotarySpec(rates, layout, attentionFactor, axes, newDecay);
    }

    /**
     * Returns the inverse frequencies of short sequences.
     *
     * @return radians per position of each pair, a new array
     */
    public double[] inverseFrequencies() {
        return rates.at(1);
    }

    /**
     * Returns how many channels are turned.
     *
     * @return twice the number of pairs
     */
    public int rotaryDim() {
        return 2 * rates.pairs();
    }

    /**
     * Returns how many axes the positions have.
     *
     * @return at least 1
     */
    public int positionAxes() {
        return axes.isEmpty() ? 1 : Collections.max(axes) + 1;
    }
}

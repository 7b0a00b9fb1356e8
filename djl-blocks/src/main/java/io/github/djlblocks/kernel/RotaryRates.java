package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;
import java.util.Arrays;
import java.util.List;

/**
 * The angle per position of each pair of channels, as a function of the length of the sequence and
 * of nothing else: equal lengths give equal rates, whatever was computed before.
 *
 * <p>The length is that of the whole sequence, the largest position of a pass plus one. Keys in a
 * cache keep the rates they were turned with.
 */
public sealed interface RotaryRates {

    /**
     * Returns the rates for a length.
     *
     * @param length tokens of the sequence
     * @return radians per position of each pair, a new array
     */
    double[] at(long length);

    /**
     * Returns the number of pairs.
     *
     * @return r / 2
     */
    int pairs();

    /**
     * Creates rates that do not depend on the length.
     *
     * @param rates radians per position of each pair; 0 leaves a pair unturned
     * @return the rates
     * @throws IllegalArgumentException if there is none, or one is negative or no finite number
     */
    static RotaryRates fixed(double... rates) {
        return new Fixed(Arrays.stream(rates).boxed().toList());
    }

    /**
     * Rates that do not depend on the length.
     *
     * @param rates radians per position of each pair
     */
    record Fixed(List<Double> rates) implements RotaryRates {

        /**
         * Copies and checks.
         *
         * @param rates radians per position of each pair
         */
        public Fixed {
            rates = checked(rates);
        }

        @Override
        public double[] at(long length) {
            return unboxed(rates);
        }

        @Override
        public int pairs() {
            return rates.size();
        }
    }

    /**
     * Some rates for sequences up to a length, others beyond: LongRoPE, arXiv 2402.13753.
     *
     * @param within radians per position up to that length
     * @param beyond radians per position beyond it
     * @param length the longest sequence that has the first ones
     */
    record Switched(List<Double> within, List<Double> beyond, long length) implements RotaryRates {

        /**
         * Copies and checks.
         *
         * @param within radians per position up to that length
         * @param beyond radians per position beyond it
         * @param length the longest sequence that has the first ones
         */
        public Switched {
            within = checked(within);
            beyond = checked(beyond);
            if (within.size() != beyond.size()) {
                throw new IllegalArgumentException(
                        within.size()
                                + " rates within and "
                                + beyond.size()
                                + " beyond the length: give one of each for every pair");
            }
        }

        @Override
        public double[] at(long length) {
            return unboxed(length > this.length ? beyond : within);
        }

        @Override
        public int pairs() {
            return within.size();
        }
    }

    /**
     * Dynamic NTK: {@code theta'^(-2 i / r)} with {@code theta' = theta (factor L / trained -
     * factor + 1)^(r / (r - 2))}, L the length, at least the trained one, at which theta' is theta.
     *
     * <p>As {@code _compute_dynamic_ntk_parameters} of Hugging Face transformers, which however
     * keeps the rates of the longest sequence seen until a short one comes.
     *
     * @param theta the base
     * @param rotaryDim channels that turn, r, even and above 2
     * @param factor how fast the base grows
     * @param trainedLength positions seen in pre-training
     */
    record DynamicNtk(double theta, int rotaryDim, double factor, long trainedLength)
            implements RotaryRates {

        /**
         * Checks.
         *
         * @param theta the base
         * @param rotaryDim channels that turn, r, even and above 2
         * @param factor how fast the base grows
         * @param trainedLength positions seen in pre-training
         */
        public DynamicNtk {
            Checks.positive("ropeTheta", theta);
            Checks.positive("factor", factor);
            if (rotaryDim < 4 || rotaryDim % 2 != 0) {
                throw new IllegalArgumentException(
                        "rotaryDim ("
                                + rotaryDim
                                + ") must be even and at least 4: dynamic NTK divides by rotaryDim"
                                + " - 2");
            }
            if (trainedLength < 1) {
                throw new IllegalArgumentException(
                        "trainedLength (" + trainedLength + ") must be at least 1");
            }
        }

        @Override
        public double[] at(long length) {
            double longer = factor * Math.max(length, trainedLength) / trainedLength - (factor - 1);
            double base = theta * Math.pow(longer, rotaryDim / (rotaryDim - 2.0));
            double[] rates = new double[pairs()];
            for (int i = 0; i < rates.length; i++) {
                rates[i] = Math.pow(base, -2.0 * i / rotaryDim);
            }
            return rates;
        }

        @Override
        public int pairs() {
            return rotaryDim / 2;
        }
    }

    private static List<Double> checked(List<Double> rates) {
        if (rates.isEmpty()) {
            throw new IllegalArgumentException(
                    "inverseFrequencies is empty: rotary embedding needs at least one pair of"
                            + " channels");
        }
        for (int i = 0; i < rates.size(); i++) {
            if (!(rates.get(i) >= 0) || Double.isInfinite(rates.get(i))) {
                throw new IllegalArgumentException(
                        "inverse frequency "
                                + i
                                + " ("
                                + rates.get(i)
                                + ") must be a finite number from 0 up");
            }
        }
        return List.copyOf(rates);
    }

    private static double[] unboxed(List<Double> rates) {
        return rates.stream().mapToDouble(Double::doubleValue).toArray();
    }
}

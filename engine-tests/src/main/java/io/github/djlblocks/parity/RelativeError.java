package io.github.djlblocks.parity;

/**
 * How far numbers are from others as a whole, which roundings of weights and activations change.
 */
public final class RelativeError {

    private RelativeError() {}

    /**
     * Compares all numbers together: {@code ||actual - expected|| / ||expected||}.
     *
     * @param actual numbers
     * @param expected as many; not all of them 0
     * @return 0 where they are equal
     * @throws IllegalArgumentException if there are more of one than of the other
     */
    public static double of(double[] actual, double[] expected) {
        if (actual.length != expected.length) {
            throw new IllegalArgumentException(
                    actual.length + " numbers cannot be compared with " + expected.length);
        }
        double difference = 0;
        double all = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            all += expected[i] * expected[i];
        }
        return Math.sqrt(difference / all);
    }
}

package io.github.djlblocks.samples.bench;

import java.util.ArrayList;
import java.util.List;

/** Numbers about times. */
final class Statistics {

    private Statistics() {}

    static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** The median of the quotients round by round: what slowed a whole round falls out of it. */
    static double medianRatio(List<Double> times, List<Double> reference) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < times.size(); i++) {
            ratios.add(times.get(i) / reference.get(i));
        }
        return median(ratios);
    }

    /** The largest difference by the largest value of the reference. */
    static double relativeDifference(float[] values, float[] reference) {
        if (values.length != reference.length) {
            throw new IllegalArgumentException(
                    "contenders differ in what they compute: "
                            + values.length
                            + " numbers and "
                            + reference.length);
        }
        double difference = 0;
        double largest = 0;
        for (int i = 0; i < values.length; i++) {
            // Unlike Math.max of a comparison, this keeps a NaN.
            difference = Math.max(difference, Math.abs((double) values[i] - reference[i]));
            largest = Math.max(largest, Math.abs((double) reference[i]));
        }
        return difference / largest;
    }
}

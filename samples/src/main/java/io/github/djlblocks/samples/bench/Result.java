package io.github.djlblocks.samples.bench;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of one contender in one mode.
 *
 * @param workload the model
 * @param engine name of the engine
 * @param mode what it did
 * @param contender which way
 * @param format format of its weights
 * @param seconds of one step, in each round
 * @param timeOver its time by that of each reference, the median over rounds; below 1 it is faster
 * @param difference largest difference of its output from that of the FLOAT32 reference, by the
 *     largest output; null if there is nothing to compare
 * @param residentGrowth bytes by which the process grew when it was made and took its first steps;
 *     what it shares with an earlier contender is not in it; null where the system does not tell
 */
public record Result(
        Workload workload,
        String engine,
        Mode mode,
        ContenderKind contender,
        Format format,
        List<Double> seconds,
        Map<ContenderKind, Double> timeOver,
        @Nullable Double difference,
        @Nullable Long residentGrowth) {

    /**
     * Returns the median time of a step.
     *
     * @return seconds
     */
    public double medianSeconds() {
        return Statistics.median(seconds);
    }

    /**
     * Returns the speed at the median time.
     *
     * @return tokens of all sequences a second
     */
    public double tokensPerSecond() {
        return workload.tokens(mode) / medianSeconds();
    }

    /**
     * Returns how far the rounds lie apart.
     *
     * @return longest minus shortest time, by the median
     */
    public double spread() {
        double[] sorted = seconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return (sorted[sorted.length - 1] - sorted[0]) / medianSeconds();
    }
}

package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.RandomTensors;
import java.util.Arrays;

/** Numbers for parameters, other ones for every case and path, that keep activations near 1. */
final class ParameterValues {

    private ParameterValues() {}

    static double[] of(String caseName, String path, Shape shape) {
        long seed = 31L * caseName.hashCode() + path.hashCode();
        long[] extents = shape.getShape();
        if (extents.length > 1) {
            double deviation = 1 / Math.sqrt((double) extents[extents.length - 1]);
            return scaled(RandomTensors.normal(seed, extents), deviation);
        }
        if (path.endsWith("weight") || path.endsWith("alpha")) {
            return RandomTensors.uniform(seed, 0.5, 1.5, extents);
        }
        return scaled(RandomTensors.normal(seed, extents), 0.5);
    }

    private static double[] scaled(double[] values, double factor) {
        return Arrays.stream(values).map(v -> v * factor).toArray();
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Fixed sines and cosines of positions. */
final class PortableSinusoids {

    private PortableSinusoids() {}

    static NDArray table(NDArray positions, SinusoidSpec spec, DataType dataType) {
        Shape shape = PositionRows.shapeOf(positions, "positions");
        long[] steps = HostIntegers.of(positions, "positions");
        int channels = spec.channels();
        double[] frequencies = spec.frequencies();
        boolean halves = spec.layout() == SinusoidSpec.Layout.HALVES;
        double[] values = new double[steps.length * channels];
        PositionRows.fill(
                steps.length,
                channels,
                token -> steps[token],
                (token, from) -> {
                    long position = steps[token];
                    if (spec.paddingPosition() != null && position == spec.paddingPosition()) {
                        return;
                    }
                    for (int i = 0; i < frequencies.length; i++) {
                        double angle = (position + spec.offset()) * frequencies[i];
                        values[from + (halves ? i : 2 * i)] = Math.sin(angle);
                        values[from + (halves ? i + frequencies.length : 2 * i + 1)] =
                                Math.cos(angle);
                    }
                },
                values);
        Shape rows = new Shape(shape.get(0), shape.get(1), channels);
        return PositionRows.create(positions.getManager(), values, rows, dataType)
                .toType(dataType, false);
    }
}

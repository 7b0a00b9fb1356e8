package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Small floating arrays read to the host. */
final class HostNumbers {

    private HostNumbers() {}

    static double[] of(NDArray array) {
        NDArray wide = Precision.widen(array);
        if (wide.getDataType() == DataType.FLOAT64) {
            return wide.toDoubleArray();
        }
        float[] floats = wide.toFloatArray();
        double[] doubles = new double[floats.length];
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = floats[i];
        }
        return doubles;
    }
}

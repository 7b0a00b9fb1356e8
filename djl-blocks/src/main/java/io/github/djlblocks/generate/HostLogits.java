package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.kernel.Kernels;

/** Logits read to the host. */
final class HostLogits {

    private HostLogits() {}

    /** Refuses logits that are not numbers; {@code position} counts from 1. */
    static void requireFinite(NDArray logits, int position) {
        if (!Kernels.of(logits).isFinite(logits)) {
            throw new IllegalStateException(
                    "the logits of token "
                            + position
                            + " are not finite: the weights hold an infinity or a NaN, or "
                            + logits.getDataType()
                            + " overflowed; check the checkpoint, or load it in a wider type");
        }
    }

    /** (B, S, V) as [b * S + s][v]. */
    static double[][] read(NDArray logits, int position) {
        requireFinite(logits, position);
        int vocabulary = Math.toIntExact(logits.getShape().get(2));
        int rows = Math.toIntExact(logits.getShape().size() / vocabulary);
        double[][] values = new double[rows][vocabulary];
        if (logits.getDataType() == DataType.FLOAT64) {
            double[] doubles = logits.toDoubleArray();
            for (int row = 0; row < rows; row++) {
                System.arraycopy(doubles, row * vocabulary, values[row], 0, vocabulary);
            }
            return values;
        }
        float[] floats = logits.toType(DataType.FLOAT32, false).toFloatArray();
        for (int row = 0; row < rows; row++) {
            for (int token = 0; token < vocabulary; token++) {
                values[row][token] = floats[row * vocabulary + token];
            }
        }
        return values;
    }
}

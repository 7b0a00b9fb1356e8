package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * Tables with a row for each position, computed in float64 on the host and rounded once, so that
 * they are the same to the bit on every engine.
 */
final class PositionRows {

    private PositionRows() {}

    /** Writes the row of a position from an index on. */
    interface Row {
        void write(long position, int from);
    }

    /** Writes the row of every position into the tables; of a repeated one, a copy. */
    static void fill(long[] positions, int width, Row row, double[]... tables) {
        Map<Long, Integer> written = new HashMap<>();
        for (int p = 0; p < positions.length; p++) {
            Integer before = written.putIfAbsent(positions[p], p);
            if (before == null) {
                row.write(positions[p], p * width);
            } else {
                for (double[] table : tables) {
                    System.arraycopy(table, before * width, table, p * width, width);
                }
            }
        }
    }

    /** FLOAT64 as it is, anything else as FLOAT32: where FLOAT16 is wanted, the user casts. */
    static NDArray create(NDManager manager, double[] values, Shape shape, DataType type) {
        if (type == DataType.FLOAT64) {
            return manager.create(DoubleBuffer.wrap(values), shape, DataType.FLOAT64);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return manager.create(FloatBuffer.wrap(floats), shape, DataType.FLOAT32);
    }

    /** Requires (B, S) or (1, S). */
    static Shape shapeOf(NDArray positions, String what) {
        Shape shape = positions.getShape();
        if (shape.dimension() != 2) {
            throw new IllegalArgumentException(
                    what + " have shape " + shape + ": expected (B, S) or (1, S)");
        }
        return shape;
    }
}

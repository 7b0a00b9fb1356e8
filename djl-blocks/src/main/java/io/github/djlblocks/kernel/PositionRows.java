package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Tables with a row for each position, computed in float64 on the host and rounded once, so that
 * they are the same to the bit on every engine.
 */
final class PositionRows {

    private PositionRows() {}

    /** Writes the row of a token from an index on. */
    interface Row {
        void write(int token, int from);
    }

    /** Writes the row of every token into the tables; where a key comes again, a copy. */
    static void fill(int tokens, int width, IntFunction<Object> key, Row row, double[]... tables) {
        Map<Object, Integer> written = new HashMap<>();
        for (int token = 0; token < tokens; token++) {
            Integer before = written.putIfAbsent(key.apply(token), token);
            if (before == null) {
                row.write(token, token * width);
            } else {
                for (double[] table : tables) {
                    System.arraycopy(table, before * width, table, token * width, width);
                }
            }
        }
    }

    /** FLOAT64 as it is, anything else as FLOAT32: where FLOAT16 is wanted, the user casts. */
    static NDArray create(NDManager manager, double[] values, Shape shape, DataType type) {
        if (type == DataType.FLOAT64) {
            return OwnMemory.of(manager.create(DoubleBuffer.wrap(values), shape, DataType.FLOAT64));
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return OwnMemory.of(manager.create(FloatBuffer.wrap(floats), shape, DataType.FLOAT32));
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

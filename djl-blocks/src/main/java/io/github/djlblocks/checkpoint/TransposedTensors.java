package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint some of whose matrices are stored as (in, out) and read as (out, in), such as those
 * of a Conv1D. Each is turned whole, in memory of Java: twice its numbers as doubles.
 */
public final class TransposedTensors extends TensorSourceView {

    private static final int CHUNK_BYTES = 16 << 20;

    private final Predicate<String> isTurned;
    private final ArrayReader arrays = new ArrayReader(CHUNK_BYTES);
    private @Nullable String lastName;
    private float[] lastValues = new float[0];

    /**
     * Creates the view.
     *
     * @param source the checkpoint; closed with this
     * @param isTurned which tensors are turned; they must have two axes
     */
    public TransposedTensors(TensorSource source, Predicate<String> isTurned) {
        super(source);
        this.isTurned = isTurned;
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = source().info(name);
        // One that is no matrix fits no parameter, and its own shape says why.
        return isTurned(info)
                ? new TensorInfo(name, info.type(), turned(info.shape()), info.byteLength())
                : info;
    }

    private boolean isTurned(TensorInfo stored) {
        return isTurned.test(stored.name()) && stored.shape().dimension() == 2;
    }

    private static Shape turned(Shape shape) {
        return new Shape(shape.get(1), shape.get(0));
    }

    @Override
    public NDArray read(String name, NDManager manager, DataType dataType) {
        TensorInfo stored = source().info(name);
        if (!isTurned(stored)) {
            return source().read(name, manager, dataType);
        }
        if (!Conversions.readableAs(stored.type()).contains(dataType)) {
            throw new IllegalArgumentException(Conversions.refusal(stored, dataType));
        }
        double[] values = readDoubles(name);
        TensorInfo wide =
                new TensorInfo(
                        name,
                        StoredType.F64,
                        turned(stored.shape()),
                        (long) values.length * Double.BYTES);
        ArrayReader.Bytes bytes =
                (offset, length) -> {
                    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
                    buffer.asDoubleBuffer()
                            .put(
                                    values,
                                    Math.toIntExact(offset / Double.BYTES),
                                    length / Double.BYTES);
                    return buffer;
                };
        return arrays.read(wide, bytes, manager, dataType);
    }

    @Override
    public double[] readDoubles(String name) {
        double[] values = source().readDoubles(name);
        TensorInfo stored = source().info(name);
        if (!isTurned(stored)) {
            return values;
        }
        int rows = Math.toIntExact(stored.shape().get(0));
        int columns = Math.toIntExact(stored.shape().get(1));
        double[] turned = new double[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                turned[column * rows + row] = values[row * columns + column];
            }
        }
        return turned;
    }

    @Override
    public void readFloats(String name, long start, float[] values) {
        if (!isTurned(source().info(name))) {
            source().readFloats(name, start, values);
            return;
        }
        float[] all = turnedFloats(name);
        if (start < 0 || start + values.length > all.length) {
            throw new IllegalArgumentException(
                    "tensor '%s' has %d values: there are no %d from %d on"
                            .formatted(name, all.length, values.length, start));
        }
        System.arraycopy(all, Math.toIntExact(start), values, 0, values.length);
    }

    /** The one read last is kept: rows are asked for one after the other. */
    private synchronized float[] turnedFloats(String name) {
        if (!name.equals(lastName)) {
            Shape shape = source().info(name).shape();
            int rows = Math.toIntExact(shape.get(0));
            int columns = Math.toIntExact(shape.get(1));
            float[] stored = new float[Math.multiplyExact(rows, columns)];
            source().readFloats(name, 0, stored);
            float[] turned = new float[stored.length];
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    turned[column * rows + row] = stored[row * columns + column];
                }
            }
            lastValues = turned;
            lastName = name;
        }
        return lastValues;
    }
}

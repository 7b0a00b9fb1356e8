package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * A checkpoint whose values are changed as they are read, such as rounded to a format: whole rows
 * at a time, where a row is all of the last axis.
 *
 * <p>A tensor can be given further names, to be read in another way by each. All tensors are read
 * as FLOAT32.
 */
public final class TransformedTensors extends TensorSourceView {

    private static final int CHUNK_BYTES = 16 << 20;

    /** What becomes of rows. */
    @FunctionalInterface
    public interface Transform {

        /**
         * Changes rows in place.
         *
         * @param name the name the tensor is read by
         * @param firstRow the first of the rows
         * @param width how long a row is
         * @param values the rows, one behind the other
         */
        void apply(String name, long firstRow, int width, float[] values);
    }

    private final Map<String, String> furtherNames;
    private final Transform transform;
    private final Set<String> names;
    private final ArrayReader arrays = new ArrayReader(CHUNK_BYTES);

    /**
     * Creates the view.
     *
     * @param source the checkpoint; closed with this
     * @param furtherNames further name to tensor; it hides a tensor of that name
     * @param transform what becomes of rows
     */
    public TransformedTensors(
            TensorSource source, Map<String, String> furtherNames, Transform transform) {
        super(source);
        this.furtherNames = Map.copyOf(furtherNames);
        this.transform = transform;
        Set<String> all = new LinkedHashSet<>(source.names());
        all.addAll(furtherNames.keySet());
        names = Collections.unmodifiableSet(all);
    }

    private String stored(String name) {
        return furtherNames.getOrDefault(name, name);
    }

    @Override
    public Set<String> names() {
        return names;
    }

    @Override
    public TensorInfo info(String name) {
        return source().info(stored(name));
    }

    @Override
    public NDArray read(String name, NDManager manager, DataType dataType) {
        Shape shape = info(name).shape();
        TensorInfo floats = new TensorInfo(name, StoredType.F32, shape, shape.size() * Float.BYTES);
        ArrayReader.Bytes bytes =
                (offset, length) -> {
                    float[] values = new float[length / Float.BYTES];
                    readFloats(name, offset / Float.BYTES, values);
                    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
                    buffer.asFloatBuffer().put(values);
                    return buffer;
                };
        return arrays.read(floats, bytes, manager, dataType);
    }

    @Override
    public double[] readDoubles(String name) {
        long size = info(name).shape().size();
        float[] values = new float[Math.toIntExact(size)];
        readFloats(name, 0, values);
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    @Override
    public void readFloats(String name, long start, float[] values) {
        TensorInfo info = info(name);
        info.requireRange(name, start, values.length);
        Shape shape = info.shape();
        int axes = shape.dimension();
        int width = axes == 0 ? 1 : Math.max(1, Math.toIntExact(shape.get(axes - 1)));
        long first = start / width;
        int before = Math.toIntExact(start - first * width);
        int rows = Math.toIntExact(((long) before + values.length + width - 1) / width);
        float[] whole = new float[Math.multiplyExact(rows, width)];
        source().readFloats(stored(name), first * width, whole);
        transform.apply(name, first, width, whole);
        System.arraycopy(whole, before, values, 0, values.length);
    }
}

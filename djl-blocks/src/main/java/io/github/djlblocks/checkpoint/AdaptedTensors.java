package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A checkpoint some of whose tensors are read by other names, or without a first axis of 1 that
 * their parameters have not.
 */
public final class AdaptedTensors extends TensorSourceView {

    private final Map<String, String> renamed;
    private final Predicate<String> isRow;
    private final Set<String> names;

    /**
     * Creates the view.
     *
     * @param source the checkpoint; closed with this
     * @param renamed name to the tensor's own, which is hidden
     * @param isRow which tensors, by the name they are read by, are (1, N) in the checkpoint and
     *     read as (N)
     */
    public AdaptedTensors(
            TensorSource source, Map<String, String> renamed, Predicate<String> isRow) {
        super(source);
        this.renamed = Map.copyOf(renamed);
        this.isRow = isRow;
        Set<String> all = new LinkedHashSet<>(source.names());
        all.removeAll(renamed.values());
        all.addAll(renamed.keySet());
        names = Collections.unmodifiableSet(all);
    }

    private String stored(String name) {
        if (!names.contains(name)) {
            // Its own message says what there is.
            return name;
        }
        return renamed.getOrDefault(name, name);
    }

    private boolean isRow(String name) {
        Shape shape = source().info(stored(name)).shape();
        // One of another shape fits no parameter, and says why.
        return isRow.test(name) && shape.dimension() == 2 && shape.get(0) == 1;
    }

    @Override
    public Set<String> names() {
        return names;
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = source().info(stored(name));
        return isRow(name)
                ? new TensorInfo(name, info.type(), info.shape().slice(1), info.byteLength())
                : info;
    }

    @Override
    public NDArray read(String name, NDManager manager, DataType dataType) {
        NDArray read = source().read(stored(name), manager, dataType);
        if (!isRow(name)) {
            return read;
        }
        try (NDArray row = read) {
            return row.reshape(info(name).shape());
        }
    }

    @Override
    public double[] readDoubles(String name) {
        return source().readDoubles(stored(name));
    }

    @Override
    public void readFloats(String name, long start, float[] values) {
        source().readFloats(stored(name), start, values);
    }
}

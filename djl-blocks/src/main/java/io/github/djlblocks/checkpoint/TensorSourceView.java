package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.Map;
import java.util.Set;

/** A checkpoint as another shows it; what a view does not change is that of the other. */
abstract class TensorSourceView implements TensorSource {

    private final TensorSource source;

    /** Creates a view; the source is closed with it. */
    TensorSourceView(TensorSource source) {
        this.source = source;
    }

    final TensorSource source() {
        return source;
    }

    @Override
    public Set<String> names() {
        return source.names();
    }

    @Override
    public TensorInfo info(String name) {
        return source.info(name);
    }

    @Override
    public final Map<String, String> metadata() {
        return source.metadata();
    }

    @Override
    public NDArray read(String name, NDManager manager, DataType dataType) {
        return source.read(name, manager, dataType);
    }

    @Override
    public double[] readDoubles(String name) {
        return source.readDoubles(name);
    }

    @Override
    public void readFloats(String name, long start, float[] values) {
        source.readFloats(name, start, values);
    }

    @Override
    public final void close() {
        source.close();
    }

    @Override
    public final String toString() {
        return source.toString();
    }
}

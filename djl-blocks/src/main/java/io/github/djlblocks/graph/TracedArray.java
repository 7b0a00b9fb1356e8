package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrayAdapter;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.KernelSource;
import io.github.djlblocks.kernel.Kernels;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * An array without numbers: it has the shape its value had while recording, and whatever a block
 * does with it through {@link Kernels} is written down. Anything else it is asked for is an {@link
 * UnsupportedOperationException}.
 */
public final class TracedArray extends NDArrayAdapter implements KernelSource {

    private final Recorder recorder;
    private final Value value;

    TracedArray(Recorder recorder, Value value) {
        super(
                recorder.manager(),
                recorder.manager(),
                shapeOf(value.dims()),
                value.dataType(),
                "traced");
        this.recorder = recorder;
        this.value = value;
    }

    static Shape shapeOf(List<Dim> dims) {
        return new Shape(dims.stream().mapToLong(Dim::hint).toArray());
    }

    Recorder recorder() {
        return recorder;
    }

    /**
     * Returns what it stands for.
     *
     * @return the value of the graph
     */
    public Value value() {
        return value;
    }

    List<Dim> dims() {
        return value.dims();
    }

    @Override
    public Kernels kernels() {
        return recorder.kernels();
    }

    @Override
    public void attach(NDManager manager) {
        // It holds nothing that an owner could free.
    }

    @Override
    public void tempAttach(NDManager manager) {
        // It holds nothing that an owner could free.
    }

    @Override
    public void detach() {
        // It holds nothing that an owner could free.
    }

    @Override
    public void returnResource(NDManager manager) {
        // It holds nothing that an owner could free.
    }

    @Override
    public void close() {
        // It holds nothing that could be freed.
    }

    @Override
    public void intern(NDArray replaced) {
        throw new UnsupportedOperationException("a recorded array has no memory to exchange");
    }

    @Override
    public ByteBuffer toByteBuffer(boolean tryDirect) {
        throw new UnsupportedOperationException(
                "a recorded array "
                        + getShape()
                        + " has no numbers: a block that reads them, or computes past Kernels,"
                        + " cannot be recorded");
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return value.toString();
    }
}

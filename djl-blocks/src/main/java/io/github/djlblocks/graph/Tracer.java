package io.github.djlblocks.graph;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.Past;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records a {@link Graph}: declare the inputs, run a block's own {@code forward} on them with the
 * {@link #store}, and {@link #finish}.
 *
 * <p>Inputs have the shapes of one call, so that every check of a block sees real sizes. The graph
 * holds for other sizes, too: an axis longer than 1 is a symbol, and sizes reach the numbers of our
 * blocks through {@link io.github.djlblocks.kernel.Kernels} alone. A block of your own that
 * computes a number from {@link NDArray#getShape} would have that of the recorded call in it.
 */
public final class Tracer {

    private final Recorder recorder;

    /**
     * Creates a tracer.
     *
     * @param manager of the engine and device the recorded arrays claim to be on
     */
    public Tracer(NDManager manager) {
        recorder = new Recorder(manager);
    }

    /**
     * Declares an array that is given in each call.
     *
     * @param shape its shape in the recorded call; an axis of 1 is 1 in every call
     * @param type its type
     * @return it
     */
    public TracedArray input(Shape shape, DataType type) {
        List<Dim> dims = new ArrayList<>();
        for (long extent : shape.getShape()) {
            dims.add(Dim.symbol(extent));
        }
        return recorder.input(dims, type);
    }

    /**
     * Declares an array that is given in each call, with extents that are known.
     *
     * @param dims its extents
     * @param type its type
     * @return it
     */
    public TracedArray input(List<Dim> dims, DataType type) {
        return recorder.input(dims, type);
    }

    /**
     * Declares an integer that is given in each call.
     *
     * @return its value
     */
    public Value number() {
        return recorder.number();
    }

    /**
     * Declares how many tokens have passed before a call.
     *
     * @param hint what it is in the recorded one
     * @return a number; or where rows differ an input, INT64 (B)
     */
    public Past past(Past hint) {
        long rows = hint.lengths().length;
        Value value =
                hint.isRagged()
                        ? recorder.input(List.of(Dim.symbol(rows)), DataType.INT64).value()
                        : recorder.number();
        return new TracedPast(value, hint);
    }

    /**
     * Returns the value of a past declared by {@link #past}.
     *
     * @param past the past
     * @return a number or an input
     * @throws IllegalArgumentException if it was not declared
     */
    public static Value valueOf(Past past) {
        if (past instanceof TracedPast traced) {
            return traced.value();
        }
        throw new IllegalArgumentException("past " + past + " was not declared to a tracer");
    }

    /**
     * Returns a store that gives a symbolic array for each parameter, initialised or not.
     *
     * @param type the type of parameters that have no values yet
     * @return a store
     */
    public ParameterStore store(DataType type) {
        return new ParameterStore(recorder.manager(), false) {
            @Override
            public NDArray getValue(
                    Parameter parameter, @Nullable Device device, boolean training) {
                boolean held = parameter.isInitialized();
                return recorder.parameter(
                        parameter, held ? parameter.getArray().getDataType() : type);
            }
        };
    }

    /**
     * Records a call of something that is no primitive of {@link
     * io.github.djlblocks.kernel.Kernels}, such as a write into an array.
     *
     * @param operation its name
     * @param pure false if it writes: it then stays where it is, as often as it was recorded
     * @param dims the extents of its result
     * @param type the type of its result
     * @param operands what it is given: arrays, values, anything
     * @return its result
     */
    public NDArray call(
            String operation,
            boolean pure,
            List<Dim> dims,
            DataType type,
            @Nullable Object... operands) {
        return recorder.callAll(operation, pure, List.of(dims), List.of(type), operands).get(0);
    }

    /**
     * Ends the recording.
     *
     * @param outputs what the block returned
     * @return the graph, without what no output needs
     * @throws UnsupportedOperationException if an output was not recorded
     */
    public Graph finish(NDList outputs) {
        return recorder.finish(outputs);
    }
}

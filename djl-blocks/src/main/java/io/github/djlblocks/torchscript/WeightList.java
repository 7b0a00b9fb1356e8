package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.github.djlblocks.graph.Value;
import java.util.List;

/** The tensors a script is given in every call, as one value made once. */
final class WeightList implements AutoCloseable {

    private final List<Object> tensors;
    private final PtNDManager manager;
    private final PtNDArray[] arrays;
    private Handle handle;

    /** The native list, and how many calls it is in: it is freed behind the last of them. */
    private static final class Handle {
        private final IValue value;
        private int calls;
        private boolean retired;

        Handle(PtNDArray... arrays) {
            value = IValue.listFrom(arrays);
        }
    }

    /** The list for one call. */
    final class Lease implements AutoCloseable {
        private final Handle leased;

        private Lease(Handle leased) {
            this.leased = leased;
        }

        IValue value() {
            return leased.value;
        }

        @Override
        public void close() {
            synchronized (WeightList.this) {
                leased.calls--;
                free(leased);
            }
        }
    }

    /** Parameters that a later call may have. */
    static final class MissingWeights extends UnsupportedOperationException {
        private static final long serialVersionUID = 1L;

        MissingWeights(String message) {
            super(message);
        }
    }

    /** Parameters became others than those that were printed. */
    static final class OtherWeights extends UnsupportedOperationException {
        private static final long serialVersionUID = 1L;

        OtherWeights(String message) {
            super(message);
        }
    }

    /**
     * Takes the arrays of parameters as they are, and makes arrays of numbers.
     *
     * @param manager of what is made, and the device it is on
     * @param tensors as {@link Script#tensors}
     */
    WeightList(PtNDManager manager, List<Object> tensors) {
        this.tensors = tensors;
        this.manager = (PtNDManager) manager.newSubManager();
        arrays = new PtNDArray[tensors.size()];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] =
                    tensors.get(i) instanceof ScriptWriter.Numbers numbers
                            ? made(numbers)
                            : held(tensors.get(i));
        }
        handle = new Handle(arrays);
    }

    private static PtNDArray held(Object tensor) {
        Parameter parameter = ((Value) tensor).parameter();
        if (!parameter.isInitialized()) {
            throw new MissingWeights(
                    "parameter " + parameter.getName() + " has no values: initialise or load it");
        }
        if (!(parameter.getArray() instanceof PtNDArray array)) {
            throw new MissingWeights(
                    "parameter " + parameter.getName() + " is not on engine PyTorch");
        }
        if (array.hasGradient()) {
            throw new MissingWeights(
                    "parameter "
                            + parameter.getName()
                            + " wants a gradient: call freezeParameters(true) on the block");
        }
        return array;
    }

    private PtNDArray made(ScriptWriter.Numbers numbers) {
        double[] values = numbers.values().stream().mapToDouble(Double::doubleValue).toArray();
        Shape shape = new Shape(numbers.shape().stream().mapToLong(Long::longValue).toArray());
        try (NDArray wide = manager.create(values, shape)) {
            // The numbers lie over an array of Java's, which may be freed: a copy does not.
            return (PtNDArray)
                    (numbers.type() == DataType.FLOAT64
                            ? wide.duplicate()
                            : wide.toType(numbers.type(), true));
        }
    }

    /**
     * The list; made anew where parameters were given other arrays since.
     *
     * @throws OtherWeights if they are of another type or shape, for which nothing was printed
     */
    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    synchronized Lease lease() {
        boolean changed = false;
        for (int i = 0; i < arrays.length; i++) {
            if (tensors.get(i) instanceof Value) {
                PtNDArray now = held(tensors.get(i));
                if (now != arrays[i]) {
                    requireSame((Value) tensors.get(i), now);
                    arrays[i] = now;
                    changed = true;
                }
            }
        }
        if (changed) {
            retire();
            handle = new Handle(arrays);
        }
        handle.calls++;
        return new Lease(handle);
    }

    private static void requireSame(Value value, PtNDArray now) {
        boolean same = now.getDataType() == value.dataType();
        long[] shape = now.getShape().getShape();
        same = same && shape.length == value.rank();
        for (int axis = 0; same && axis < shape.length; axis++) {
            same = value.dims().get(axis).hint() == shape[axis];
        }
        if (!same) {
            throw new OtherWeights(
                    "parameter "
                            + value.parameter().getName()
                            + " was "
                            + value
                            + " and is "
                            + now.getDataType()
                            + now.getShape());
        }
    }

    private void retire() {
        handle.retired = true;
        free(handle);
    }

    private static void free(Handle used) {
        if (used.retired && used.calls == 0) {
            used.value.close();
        }
    }

    @Override
    public synchronized void close() {
        retire();
        manager.close();
    }
}

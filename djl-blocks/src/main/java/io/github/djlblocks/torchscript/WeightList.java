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
    private IValue value;

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
        value = IValue.listFrom(arrays);
    }

    private static PtNDArray held(Object tensor) {
        Parameter parameter = ((Value) tensor).parameter();
        if (!parameter.isInitialized()) {
            throw new UnsupportedOperationException(
                    "parameter " + parameter.getName() + " has no values: initialise or load it");
        }
        if (parameter.getArray() instanceof PtNDArray array) {
            return array;
        }
        throw new UnsupportedOperationException(
                "parameter " + parameter.getName() + " is not on engine PyTorch");
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

    /** The list; made anew where a parameter was given other arrays since. */
    @SuppressWarnings("ReferenceEquality") // NDArray.equals compares values on the device
    synchronized IValue value() {
        for (int i = 0; i < arrays.length; i++) {
            if (tensors.get(i) instanceof Value) {
                PtNDArray now = held(tensors.get(i));
                if (now != arrays[i]) {
                    arrays[i] = now;
                    value.close();
                    value = IValue.listFrom(arrays);
                }
            }
        }
        return value;
    }

    @Override
    public void close() {
        value.close();
        manager.close();
    }
}

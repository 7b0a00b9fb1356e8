package io.github.djlblocks.hybrid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.LayoutType;
import ai.djl.ndarray.types.Shape;
import java.util.List;

/** Outputs that are given, so that no run has to find them. */
final class DeclaredOutputs {

    private final List<InputSpec> inputs;
    private final List<Output> outputs;

    /** A shape with -1 for what is free, and a type. */
    record Output(Shape shape, DataType type) {}

    DeclaredOutputs(List<InputSpec> inputs, List<Output> outputs) {
        this.inputs = inputs;
        this.outputs = outputs;
    }

    boolean isEmpty() {
        return outputs.isEmpty();
    }

    /** A free axis has the size of the first axis of an input that has its layout. */
    Shape[] shapes(Shape[] inputShapes) {
        return outputs.stream().map(each -> shape(each, inputShapes)).toArray(Shape[]::new);
    }

    private Shape shape(Output output, Shape[] inputShapes) {
        long[] extents = output.shape().getShape().clone();
        for (int axis = 0; axis < extents.length; axis++) {
            if (extents[axis] < 0) {
                extents[axis] = extent(output.shape().getLayout()[axis], inputShapes);
            }
        }
        return new Shape(extents, output.shape().getLayout());
    }

    private long extent(LayoutType layout, Shape[] inputShapes) {
        for (int i = 0; i < inputs.size(); i++) {
            Shape declared = inputs.get(i).shape();
            if (declared == null || layout == LayoutType.UNKNOWN) {
                continue;
            }
            for (int axis = 0; axis < declared.dimension(); axis++) {
                if (declared.getLayout()[axis] == layout) {
                    return inputShapes[i].get(axis);
                }
            }
        }
        return -1;
    }

    DataType[] types() {
        return outputs.stream().map(Output::type).toArray(DataType[]::new);
    }

    /**
     * Requires that a method gave what is declared.
     *
     * @throws IllegalStateException if it did not
     */
    void require(String method, NDList given, Shape[] inputShapes) {
        if (outputs.isEmpty()) {
            return;
        }
        Shape[] expected = shapes(inputShapes);
        boolean fits = given.size() == expected.length;
        for (int i = 0; fits && i < expected.length; i++) {
            NDArray array = given.get(i);
            InputSpec spec = new InputSpec("", expected[i], null);
            fits =
                    spec.fault(array.getShape()) == null
                            && array.getDataType() == outputs.get(i).type();
        }
        if (!fits) {
            throw new IllegalStateException(
                    "method "
                            + method
                            + " gave "
                            + given.stream().map(x -> x.getDataType() + " " + x.getShape()).toList()
                            + ", but its declared outputs are "
                            + outputs.stream().map(x -> x.type() + " " + x.shape()).toList()
                            + ": correct addOutput");
        }
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.graph.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Parameters as compiled passes take them: arrays of this engine, without gradients. */
final class ParameterArrays {

    private ParameterArrays() {}

    /** The parameter that an operand is, or none. */
    static @Nullable Parameter parameter(@Nullable Object operand) {
        return operand instanceof Value value && value.kind() == Value.Kind.PARAMETER
                ? value.parameter()
                : null;
    }

    /**
     * The array that a parameter has now.
     *
     * @throws WeightStore.MissingWeights if it has none that passes can take
     */
    static PtNDArray of(Parameter parameter) {
        if (!parameter.isInitialized()) {
            throw new WeightStore.MissingWeights(
                    "parameter " + parameter.getName() + " has no values: initialise or load it");
        }
        if (!(parameter.getArray() instanceof PtNDArray array)) {
            throw new WeightStore.MissingWeights(
                    "parameter " + parameter.getName() + " is not on engine PyTorch");
        }
        if (array.hasGradient()) {
            throw new WeightStore.MissingWeights(
                    "parameter "
                            + parameter.getName()
                            + " wants a gradient: call freezeParameters(true) on the block");
        }
        return array;
    }

    /** The values of parameters as they are now, which are FLOAT32. */
    static WeightRows rowsOf(Parameter parameter) {
        return rowsOf(parameter, CodeFiller.LARGEST_BUFFER);
    }

    /** The same, read through buffers of so many bytes at most. */
    static WeightRows rowsOf(Parameter parameter, int largest) {
        PtNDArray array = of(parameter);
        int in = width(parameter);
        int out = Math.toIntExact(parameter.getShape().size() / in);
        int step = Math.max(1, largest / (in * Float.BYTES));
        if (out <= step) {
            return WeightRows.ofFloat32(bytes(array), out, in);
        }
        List<WeightRows> parts = new ArrayList<>();
        List<Integer> heights = new ArrayList<>();
        try (NDArray matrix = array.reshape(out, in)) {
            for (int first = 0; first < out; first += step) {
                int count = Math.min(step, out - first);
                // A buffer is over the memory of the parameter, not of the view.
                try (NDArray part = CodeFiller.part(matrix, first, count)) {
                    parts.add(WeightRows.ofFloat32(bytes(part), count, in));
                    heights.add(count);
                }
            }
        }
        return CodeFiller.below(parts, heights);
    }

    private static ByteBuffer bytes(NDArray array) {
        return array.getDevice().isGpu() ? HostBytes.of(array) : array.toByteBuffer(true);
    }

    /** The last axis. */
    static int width(Parameter parameter) {
        Shape shape = parameter.getShape();
        return Math.toIntExact(shape.get(shape.dimension() - 1));
    }

    /** The rows of weights below each other. */
    static int height(List<Parameter> weights) {
        long out = weights.stream().mapToLong(weight -> weight.getShape().get(0)).sum();
        return Math.toIntExact(out);
    }
}

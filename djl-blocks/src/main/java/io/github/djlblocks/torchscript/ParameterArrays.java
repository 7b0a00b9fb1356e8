package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.graph.Value;
import java.nio.ByteBuffer;
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
        PtNDArray array = of(parameter);
        int in = width(parameter);
        int out = Math.toIntExact(parameter.getShape().size() / in);
        ByteBuffer bytes =
                array.getDevice().isGpu() ? HostBytes.of(array) : array.toByteBuffer(true);
        return WeightRows.ofFloat32(bytes, out, in);
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

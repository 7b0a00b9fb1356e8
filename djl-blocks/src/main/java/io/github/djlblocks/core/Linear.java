package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Linear map of the last axis.
 *
 * <p>{@code y = x W^T + b}, x (..., in), W (out, in), b (out), y (..., out): the layout of {@code
 * torch.nn.Linear} and of Hugging Face checkpoints. Parameters: {@code weight}, {@code bias}.
 *
 * <p>Unlike {@link ai.djl.nn.core.Linear} it knows its input size, and computes through {@link
 * Kernels}.
 */
public final class Linear extends UnaryBlock {

    private final int inputs;
    private final int outputs;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    private Linear(int inputs, int outputs, boolean withBias) {
        super("x (..., " + inputs + ")");
        this.inputs = Checks.positive("inputs", inputs);
        this.outputs = Checks.positive("outputs", outputs);
        weight = addParameter("weight", Parameter.Type.WEIGHT, new Shape(outputs, inputs));
        bias = withBias ? addParameter("bias", Parameter.Type.BIAS, new Shape(outputs)) : null;
    }

    /**
     * Creates a map with bias.
     *
     * @param inputs channels in
     * @param outputs channels out
     * @return the block
     * @throws IllegalArgumentException if a size is below one
     */
    public static Linear withBias(int inputs, int outputs) {
        return new Linear(inputs, outputs, true);
    }

    /**
     * Creates a map without bias.
     *
     * @param inputs channels in
     * @param outputs channels out
     * @return the block
     * @throws IllegalArgumentException if a size is below one
     */
    public static Linear withoutBias(int inputs, int outputs) {
        return new Linear(inputs, outputs, false);
    }

    /**
     * Returns the channels in.
     *
     * @return the size of the last axis of the input
     */
    public int getInputs() {
        return inputs;
    }

    /**
     * Returns the channels out.
     *
     * @return the size of the last axis of the output
     */
    public int getOutputs() {
        return outputs;
    }

    /**
     * Returns whether the map adds a bias.
     *
     * @return whether there is one
     */
    public boolean hasBias() {
        return bias != null;
    }

    /**
     * Reads the weight, for a block that uses it in another way than as a map of x.
     *
     * @param store where the parameters' values are
     * @param like the array it meets
     * @param training whether this is a training pass
     * @return (outputs, inputs), owned by the store
     */
    public NDArray weight(ParameterStore store, NDArray like, boolean training) {
        return value(store, weight, like, training);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.lastAxis("Linear", input, "inputs", inputs);
        return input.slice(0, input.dimension() - 1).add(outputs);
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return Kernels.of(x)
                .linear(
                        x,
                        value(store, weight, x, training),
                        optionalValue(store, bias, x, training));
    }
}

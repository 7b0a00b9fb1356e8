package io.github.djlblocks.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Gradients of any forward pass, on any engine that trains.
 *
 * <p>For {@code y = forward()} and a given {@code R} of its shape, the gradients of {@code loss =
 * sum(y * R)} are the vector-Jacobian products {@code R^T dy/dx}. A random {@code R} shows errors
 * that a sum hides: the gradient of {@code sum(softmax(x))} is 0 for any softmax.
 */
public final class Gradients {

    private Gradients() {}

    /**
     * Returns the gradients of {@code sum(forward() * outputGradient)}.
     *
     * <p>PyTorch adds a backward pass to the gradients of the last one and MXNet overwrites them;
     * here every call starts from 0 on both. A variable the result does not depend on gets zeros.
     * Variables that required no gradient before require none afterwards. The arrays {@code
     * forward} creates belong to its own managers.
     *
     * @param engine the engine of the variables
     * @param variables the arrays to differentiate by, inputs or parameters, under their names
     * @param outputGradient the numbers {@code R}, row-major, as many as the output has elements
     * @param forward computes the output from the variables themselves, not from copies
     * @return the gradients, row-major, under the same names in the same order
     * @throws IllegalArgumentException if {@code outputGradient} does not fit the output
     */
    public static Map<String, double[]> of(
            EngineUnderTest engine,
            Map<String, NDArray> variables,
            double[] outputGradient,
            Supplier<NDArray> forward) {
        Map<String, NDArray> switchedOn = new LinkedHashMap<>();
        try {
            variables.forEach(
                    (name, variable) -> {
                        if (!variable.hasGradient()) {
                            variable.setRequiresGradient(true);
                            switchedOn.put(name, variable);
                        }
                        clear(variable);
                    });
            backward(engine, outputGradient, forward);
            Map<String, double[]> gradients = new LinkedHashMap<>();
            variables.forEach((name, variable) -> gradients.put(name, read(variable)));
            return gradients;
        } finally {
            switchedOn.values().forEach(variable -> variable.setRequiresGradient(false));
        }
    }

    /**
     * Returns the parameters of an initialized block under their paths, as variables for {@link
     * #of}.
     *
     * @param block an initialized block
     * @return its parameter arrays, frozen ones left out
     */
    public static Map<String, NDArray> parameters(Block block) {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        block.getParameters()
                .forEach(
                        pair -> {
                            Parameter parameter = pair.getValue();
                            if (parameter.requiresGradient()) {
                                arrays.put(pair.getKey(), parameter.getArray());
                            }
                        });
        return arrays;
    }

    private static void backward(
            EngineUnderTest engine, double[] outputGradient, Supplier<NDArray> forward) {
        try (GradientCollector collector = engine.engine().newGradientCollector()) {
            NDArray y = forward.get();
            if (y.size() != outputGradient.length) {
                throw new IllegalArgumentException(
                        "outputGradient has %d elements, but the output %s has %d"
                                .formatted(
                                        outputGradient.length,
                                        NDArrayAssert.describe(y),
                                        y.size()));
            }
            try (NDManager scratch = y.getManager().newSubManager();
                    NDArray r =
                            RandomTensors.toNDArray(
                                    scratch, outputGradient, y.getShape(), y.getDataType());
                    NDArray weighted = y.mul(r);
                    NDArray loss = weighted.sum()) {
                // PyTorch's backward leaves a seed gradient in the manager of the loss.
                loss.attach(scratch);
                collector.backward(loss);
            }
        }
    }

    private static void clear(NDArray variable) {
        // Assigned, not multiplied by 0 or subtracted from itself: a NaN would survive both.
        // PyTorch's assignment leaves its index and value in the manager of the array: a scratch
        // one.
        try (NDManager scratch = variable.getManager().newSubManager()) {
            NDArray gradient = variable.getGradient();
            gradient.attach(scratch);
            gradient.set(new NDIndex("..."), 0);
        }
    }

    private static double[] read(NDArray variable) {
        try (NDArray gradient = variable.getGradient()) {
            return HostValues.of(gradient);
        }
    }
}

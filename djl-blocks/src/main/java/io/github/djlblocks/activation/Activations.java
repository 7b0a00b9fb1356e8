package io.github.djlblocks.activation;

import ai.djl.nn.Block;
import io.github.djlblocks.kernel.ActivationFunction;
import java.util.Collections;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Activations by their names in Hugging Face configurations ({@code hidden_act}, {@code
 * activation_function}): those of {@code ACT2FN} of transformers 4.51.
 */
public final class Activations {

    private static final String LEARNED = "prelu";

    private static final SortedMap<String, ActivationFunction> BY_NAME = byName();

    private Activations() {}

    /**
     * Returns the function a configuration names.
     *
     * @param name such as {@code gelu_new}
     * @return the function
     * @throws IllegalArgumentException if the name is unknown, or that of an activation that learns
     */
    public static ActivationFunction byName(String name) {
        ActivationFunction function = BY_NAME.get(name);
        if (function == null) {
            throw new IllegalArgumentException(
                    name.equals(LEARNED)
                            ? "activation 'prelu' has a parameter to learn and is no fixed"
                                    + " function: call Activations.block"
                            : "activation '"
                                    + name
                                    + "' is not implemented; known: "
                                    + String.join(", ", BY_NAME.keySet()));
        }
        return function;
    }

    /**
     * Makes the block a configuration names; besides the fixed functions, {@code prelu}.
     *
     * @param name such as {@code gelu_new}
     * @return a new block, of input and output (...)
     * @throws IllegalArgumentException if the name is unknown
     */
    public static Block block(String name) {
        return name.equals(LEARNED) ? PRelu.shared() : ActivationBlock.of(byName(name));
    }

    /**
     * Returns the names of the fixed functions.
     *
     * @return what {@link #byName} takes, in alphabetical order
     */
    public static Set<String> names() {
        return BY_NAME.keySet();
    }

    private static SortedMap<String, ActivationFunction> byName() {
        SortedMap<String, ActivationFunction> names = new TreeMap<>();
        names.put("gelu", ActivationFunction.GELU);
        names.put("gelu_10", ActivationFunction.clippedGelu(-10, 10));
        names.put("gelu_accurate", ActivationFunction.GELU_TANH);
        // Its sqrt(2 / pi) is cut to ten digits.
        names.put("gelu_fast", ActivationFunction.geluTanh(0.7978845608));
        names.put("gelu_new", ActivationFunction.GELU_TANH);
        names.put("gelu_python", ActivationFunction.GELU);
        names.put("gelu_pytorch_tanh", ActivationFunction.GELU_TANH);
        names.put("laplace", ActivationFunction.LAPLACE);
        names.put("leaky_relu", ActivationFunction.leakyRelu(0.01));
        names.put("linear", ActivationFunction.IDENTITY);
        names.put("mish", ActivationFunction.MISH);
        names.put("quick_gelu", ActivationFunction.GELU_QUICK);
        names.put("relu", ActivationFunction.RELU);
        names.put("relu2", ActivationFunction.SQUARED_RELU);
        names.put("relu6", ActivationFunction.RELU6);
        names.put("sigmoid", ActivationFunction.SIGMOID);
        names.put("silu", ActivationFunction.SILU);
        names.put("swish", ActivationFunction.SILU);
        names.put("tanh", ActivationFunction.TANH);
        return Collections.unmodifiableSortedMap(names);
    }
}

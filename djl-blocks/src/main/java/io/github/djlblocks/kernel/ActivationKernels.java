package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;

/** Elementwise activations and gates. Shapes and errors as in {@link Kernels}. */
public interface ActivationKernels {

    /**
     * Applies an activation function elementwise.
     *
     * @param x any shape
     * @param function the function
     * @return the same shape
     */
    NDArray activation(NDArray x, ActivationFunction function);

    /**
     * Gates: {@code function(gate) * up}.
     *
     * @param gate any shape
     * @param up the same shape
     * @param function the gate's activation
     * @return the same shape
     */
    NDArray gatedActivation(NDArray gate, NDArray up, ActivationFunction function);
}

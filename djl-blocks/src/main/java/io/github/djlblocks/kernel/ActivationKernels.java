package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;

/** Activations and gates. Shapes and errors as in {@link Kernels}. */
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
    default NDArray gatedActivation(NDArray gate, NDArray up, ActivationFunction function) {
        return gatedActivation(gate, up, GateSpec.of(function));
    }

    /**
     * Gates, within limits.
     *
     * @param gate any shape
     * @param up the same shape
     * @param spec activation, limit and offset
     * @return the same shape
     */
    NDArray gatedActivation(NDArray gate, NDArray up, GateSpec spec);

    /**
     * Gates where one projection gives both.
     *
     * @param gateAndUp (..., 2 F)
     * @param order which channels are the gate's
     * @param spec activation, limit and offset
     * @return (..., F)
     */
    NDArray gatedActivation(NDArray gateAndUp, GateOrder order, GateSpec spec);

    /**
     * ReLU with slopes of its own below 0: {@code x} above 0, else {@code slope * x}.
     *
     * @param x any shape
     * @param slope one number, (1), or an array that lies along the axes of x from {@code axis} on
     * @param axis the axis of x at which the first axis of slope lies, from 0
     * @return the shape of x
     */
    NDArray parametricRelu(NDArray x, NDArray slope, int axis);

    /**
     * ReLU with random slopes below 0, drawn anew for each element, uniform between two bounds. No
     * gradient goes to the slopes.
     *
     * @param x any shape
     * @param lower the smallest slope
     * @param upper the largest slope
     * @return the shape of x
     */
    NDArray randomizedRelu(NDArray x, double lower, double upper);

    /**
     * Swish with a given array for its beta: {@code x / (1 + e^(-beta x))}.
     *
     * @param x (..., E)
     * @param beta (1) or (E)
     * @return (..., E)
     */
    NDArray swish(NDArray x, NDArray beta);

    /**
     * Softmax: {@code e^x_i / sum_j e^x_j} along an axis. A line of minus infinities is NaN.
     *
     * @param x any shape
     * @param axis counted from the end if negative
     * @return the same shape
     */
    NDArray softmax(NDArray x, int axis);

    /**
     * Logarithm of the softmax: {@code x_i - ln sum_j e^x_j} along an axis. A line of minus
     * infinities is NaN.
     *
     * @param x any shape
     * @param axis counted from the end if negative
     * @return the same shape
     */
    NDArray logSoftmax(NDArray x, int axis);
}

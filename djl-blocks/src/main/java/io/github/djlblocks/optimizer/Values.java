package io.github.djlblocks.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.djlblocks.kernel.Kernels;

/**
 * Changes of arrays in place that no gradient sees. A change of an array that wants a gradient is
 * an error on PyTorch in every thread but the one that loaded the engine, so each goes through a
 * detached view of the same memory.
 */
final class Values {

    private Values() {}

    /** {@code array := 0}, whatever was there: 0 times infinity would be NaN. */
    static void zero(NDArray array) {
        try (NDManager own = array.getManager().newSubManager();
                NDArray zeros = own.zeros(array.getShape(), array.getDataType())) {
            Kernels.of(array).overwrite(array, zeros);
        }
    }

    /** {@code array := array * factor}. */
    static void scale(NDArray array, double factor) {
        try (NDArray view = array.stopGradient()) {
            view.muli(number(view, factor));
        }
    }

    /** {@code array := array + other}. */
    static void add(NDArray array, NDArray other) {
        try (NDArray view = array.stopGradient()) {
            view.addi(other);
        }
    }

    /** {@code sum array^2}, in the type of the array. */
    static double squaredLength(NDArray array) {
        try (NDArray view = array.stopGradient();
                NDArray squares = view.square();
                NDArray sum = squares.sum()) {
            return sum.toArray()[0].doubleValue();
        }
    }

    /** A number of the type of an array, which is what MXNet and PyTorch then compute in. */
    static Number number(NDArray array, double value) {
        return switch (array.getDataType()) {
            case FLOAT64 -> value;
            default -> (float) value;
        };
    }
}

package io.github.djlblocks.activation;

import ai.djl.ndarray.types.Shape;

/** Axes counted from either end. */
final class Axes {

    private Axes() {}

    /** Counts from the front. */
    static int counted(String what, Shape input, int axis) {
        int rank = input.dimension();
        if (axis < -rank || axis >= rank) {
            throw new IllegalArgumentException(
                    what + ": axis (" + axis + ") is not one of the axes of the input " + input);
        }
        return axis < 0 ? axis + rank : axis;
    }
}

package io.github.djlblocks.head;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.Checks;

/** The inputs that pooling and the heads on top of it share. */
final class SequenceInputs {

    private static final String LAYOUT = "x (B, S, E), attention mask (B, S)";

    private SequenceInputs() {}

    /** Requires x and maybe a mask, and returns the shape of x. */
    static Shape require(String what, Shape... inputShapes) {
        if (inputShapes.length != 1 && inputShapes.length != 2) {
            throw new IllegalArgumentException(
                    what + " takes 1 or 2 inputs, " + LAYOUT + ", got " + inputShapes.length);
        }
        Checks.rank(what, inputShapes[0], LAYOUT, 3);
        if (inputShapes[0].get(1) == 0) {
            throw new IllegalArgumentException(
                    what
                            + ": the input "
                            + inputShapes[0]
                            + " has no token, expected at least 1: "
                            + LAYOUT);
        }
        if (inputShapes.length == 2) {
            Checks.rank(what, inputShapes[1], LAYOUT, 2);
        }
        return inputShapes[0];
    }

    /** Requires that what pooling makes of x fits the map on top of it. */
    static void requireFit(String what, Shape x, Shape pooled, String map, Linear linear) {
        long channels = pooled.get(pooled.dimension() - 1);
        if (channels != linear.getInputs() && channels != -1) {
            throw new IllegalArgumentException(
                    what
                            + ": of the input "
                            + x
                            + " pooling makes "
                            + pooled
                            + ", but "
                            + map
                            + " takes "
                            + linear.getInputs()
                            + " channels");
        }
    }
}

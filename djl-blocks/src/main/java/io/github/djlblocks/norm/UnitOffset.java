package io.github.djlblocks.norm;

import ai.djl.nn.Parameter;

/** A weight stored as its difference from one. */
final class UnitOffset {

    private UnitOffset() {}

    static void check(boolean unitOffset, boolean hasWeight) {
        if (unitOffset && !hasWeight) {
            throw new IllegalArgumentException(
                    "unitOffset (true) needs a weight (false): it is the weight that 1 is added"
                            + " to");
        }
    }

    /** {@code 1 + w} starts as the identity with w = 0, w alone with w = 1. */
    static Parameter.Type type(boolean unitOffset) {
        return unitOffset ? Parameter.Type.BETA : Parameter.Type.GAMMA;
    }
}

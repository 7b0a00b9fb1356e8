package io.github.djlblocks.norm;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.Checks;
import java.util.Arrays;

/** The axes a norm's weight and bias belong to: the trailing ones, or the second. */
final class ChannelAxes {

    private final Shape shape;
    private final boolean second;

    private ChannelAxes(Shape shape, boolean second) {
        this.shape = shape;
        this.second = second;
    }

    static ChannelAxes trailing(long... extents) {
        if (extents.length == 0) {
            throw new IllegalArgumentException("normalizedShape () must have at least one axis");
        }
        if (extents.length == 1) {
            Checks.positive("channels", Math.toIntExact(extents[0]));
        } else if (Arrays.stream(extents).anyMatch(extent -> extent < 1)) {
            throw new IllegalArgumentException(
                    "normalizedShape " + new Shape(extents) + " must have extents of at least 1");
        }
        return new ChannelAxes(new Shape(extents), false);
    }

    static ChannelAxes second(long channels) {
        Checks.positive("channels", Math.toIntExact(channels));
        return new ChannelAxes(new Shape(channels), true);
    }

    /** The shape of a weight or a bias. */
    Shape shape() {
        return shape;
    }

    /** How many axes there are. */
    int count() {
        return shape.dimension();
    }

    boolean isSecond() {
        return second;
    }

    /** The input, for messages. */
    String layout() {
        String extents = shape.toString().substring(1, shape.toString().length() - 1);
        return second ? "x (B, " + extents + ", ...)" : "x (..., " + extents + ")";
    }

    /** Requires these axes of an input; an unknown size (-1) passes. */
    void check(String what, Shape input) {
        if (second) {
            if (input.dimension() < 2 || !agree(input.get(1), shape.get(0))) {
                throw new IllegalArgumentException(
                        what
                                + ": axis 1 of the input "
                                + input
                                + " must be channels ("
                                + shape.get(0)
                                + ")");
            }
        } else if (count() == 1) {
            Checks.lastAxis(what, input, "channels", shape.get(0));
        } else if (!isTail(input)) {
            throw new IllegalArgumentException(
                    what
                            + ": the last axes of the input "
                            + input
                            + " must be normalizedShape "
                            + shape);
        }
    }

    private boolean isTail(Shape input) {
        int before = input.dimension() - count();
        boolean tail = before >= 0;
        for (int i = 0; tail && i < count(); i++) {
            tail = agree(input.get(before + i), shape.get(i));
        }
        return tail;
    }

    private static boolean agree(long size, long expected) {
        return size == expected || size == -1;
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Row-major shape arithmetic and the checks that go with it. */
final class Shapes {

    private Shapes() {}

    static int size(int... shape) {
        long size = 1;
        for (int axis = 0; axis < shape.length; axis++) {
            require(shape[axis] >= 1, "axis %d of shape %s must be at least 1", axis, text(shape));
            size *= shape[axis];
            require(
                    size <= Integer.MAX_VALUE,
                    "shape %s has more than %d elements: use a smaller case",
                    text(shape),
                    Integer.MAX_VALUE);
        }
        return (int) size;
    }

    /** The shape in the notation of the documentation: {@code (2, 3)}, {@code ()} for a scalar. */
    static String text(int... shape) {
        return Arrays.stream(shape)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(", ", "(", ")"));
    }

    static int last(Var x, String name) {
        int[] shape = x.dims();
        require(shape.length >= 1, "%s %s must have at least one axis", name, text(shape));
        return shape[shape.length - 1];
    }

    static int[] withLast(int[] shape, int last) {
        int[] result = shape.clone();
        result[result.length - 1] = last;
        return result;
    }

    static void requireRank(Var x, String name, int rank, String axes) {
        require(
                x.dims().length == rank,
                "%s %s must have %d axes: %s",
                name,
                text(x.dims()),
                rank,
                axes);
    }

    static void requireShape(@Nullable Var x, String name, int... expected) {
        require(
                x == null || Arrays.equals(x.dims(), expected),
                "%s %s must have the shape %s",
                name,
                x == null ? "" : text(x.dims()),
                text(expected));
    }

    // @FormatMethod is an annotation of Error Prone's, and this package has no dependencies.
    @SuppressWarnings("AnnotateFormatMethod")
    static void require(boolean condition, String message, Object... arguments) {
        if (!condition) {
            throw new IllegalArgumentException(String.format(message, arguments));
        }
    }
}

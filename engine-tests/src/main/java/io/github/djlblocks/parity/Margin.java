package io.github.djlblocks.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How much of a {@link Tolerance} a whole tensor used, told by its worst element: the one with the
 * largest error divided by its allowed error.
 *
 * <p>An infinity is right only where the same infinity is expected; a NaN is never right, unless
 * the comparison was told that the expected NaNs count. Both errors are infinite.
 *
 * @param error the absolute error of the worst element
 * @param allowed the error allowed there
 * @param used {@code error / allowed}: at most 1 where the element passes
 * @param worstIndex the multi-index of the worst element; empty for a scalar and an empty tensor
 * @param expected the true value there; 0 in an empty tensor
 * @param actual the value found there; 0 in an empty tensor
 * @param failed the number of elements whose error is larger than allowed
 * @param count the number of elements compared
 */
public record Margin(
        double error,
        double allowed,
        double used,
        List<Long> worstIndex,
        double expected,
        double actual,
        long failed,
        long count) {

    /**
     * Creates a margin; see {@link #of(double[], double[], Shape, Tolerance)}.
     *
     * @param error the absolute error of the worst element
     * @param allowed the error allowed there
     * @param used {@code error / allowed}
     * @param worstIndex the multi-index of the worst element
     * @param expected the true value there
     * @param actual the value found there
     * @param failed the number of elements whose error is larger than allowed
     * @param count the number of elements compared
     */
    public Margin {
        worstIndex = List.copyOf(worstIndex);
    }

    /**
     * Compares two tensors; a NaN anywhere fails.
     *
     * @param expected the true values, row-major
     * @param actual the values found, row-major
     * @param shape the extents of both
     * @param tolerance the allowed error
     * @return the margin of the worst element
     * @throws IllegalArgumentException if the shape does not hold as many elements as either array
     */
    public static Margin of(double[] expected, double[] actual, Shape shape, Tolerance tolerance) {
        return of(expected, actual, shape, tolerance, false);
    }

    /**
     * Compares an array with its true values; a NaN anywhere fails.
     *
     * @param expected the true values, row-major
     * @param actual the array found
     * @param tolerance the allowed error
     * @return the margin of the worst element
     * @throws IllegalArgumentException if the counts differ or the dtype cannot be read
     */
    public static Margin of(double[] expected, NDArray actual, Tolerance tolerance) {
        return of(expected, HostValues.of(actual), actual.getShape(), tolerance);
    }

    /**
     * Says whether every element is within its allowed error.
     *
     * @return true if none failed
     */
    public boolean isWithin() {
        return failed == 0;
    }

    static Margin of(
            double[] expected,
            double[] actual,
            Shape shape,
            Tolerance tolerance,
            boolean matchingNaN) {
        double scale = scale(expected);
        return compare(expected, actual, shape, matchingNaN, (e, a) -> tolerance.allowed(e, scale));
    }

    /** Compares with one absolute bound, which may be 0. */
    static Margin within(
            double bound, double[] expected, double[] actual, Shape shape, boolean matchingNaN) {
        return compare(expected, actual, shape, matchingNaN, (e, a) -> bound);
    }

    /** Compares bit for bit; 0.0 and -0.0 differ: error 0, allowed 0, used infinitely. */
    static Margin exact(double[] expected, double[] actual, Shape shape, boolean matchingNaN) {
        return compare(
                expected,
                actual,
                shape,
                matchingNaN,
                (e, a) -> e == 0 && a == 0 && Double.compare(e, a) != 0 ? -1 : 0);
    }

    private static Margin compare(
            double[] expected,
            double[] actual,
            Shape shape,
            boolean matchingNaN,
            Allowance allowance) {
        if (expected.length != shape.size() || actual.length != shape.size()) {
            throw new IllegalArgumentException(
                    "shape %s holds %d elements, but there are %d expected and %d actual values"
                            .formatted(shape, shape.size(), expected.length, actual.length));
        }
        int worst = -1;
        double worstUsed = -1;
        long failed = 0;
        for (int i = 0; i < expected.length; i++) {
            double allowed = allowance.at(expected[i], actual[i]);
            double error = error(expected[i], actual[i], matchingNaN);
            double used = used(error, allowed);
            failed += used > 1 ? 1 : 0;
            if (used > worstUsed) {
                worst = i;
                worstUsed = used;
            }
        }
        if (worst < 0) {
            return new Margin(0, 0, 0, List.of(), 0, 0, 0, 0);
        }
        double e = expected[worst];
        double a = actual[worst];
        return new Margin(
                error(e, a, matchingNaN),
                Math.max(0, allowance.at(e, a)),
                worstUsed,
                multiIndex(worst, shape),
                e,
                a,
                failed,
                expected.length);
    }

    /** The largest finite magnitude, 0 if there is none. */
    static double scale(double[] values) {
        double scale = 0;
        for (double value : values) {
            if (Double.isFinite(value)) {
                scale = Math.max(scale, Math.abs(value));
            }
        }
        return scale;
    }

    static List<Long> multiIndex(long flat, Shape shape) {
        List<Long> index = new ArrayList<>();
        long rest = flat;
        for (int axis = shape.dimension() - 1; axis >= 0; axis--) {
            index.add(rest % shape.get(axis));
            rest /= shape.get(axis);
        }
        Collections.reverse(index);
        return index;
    }

    private static double error(double expected, double actual, boolean matchingNaN) {
        if (Double.isNaN(expected) || Double.isNaN(actual)) {
            boolean both = Double.isNaN(expected) && Double.isNaN(actual);
            return both && matchingNaN ? 0 : Double.POSITIVE_INFINITY;
        }
        // Infinity minus the same infinity would be NaN.
        return expected == actual ? 0 : Math.abs(expected - actual);
    }

    private static double used(double error, double allowed) {
        if (allowed > 0 && Double.isFinite(error)) {
            return error / allowed;
        }
        return error == 0 && allowed >= 0 ? 0 : Double.POSITIVE_INFINITY;
    }

    /** The allowed error of an element; negative if it is wrong whatever its error. */
    @FunctionalInterface
    private interface Allowance {
        double at(double expected, double actual);
    }
}

package io.github.djlblocks.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/**
 * Assertions on whole arrays, with both values, the error and the allowed error in the message.
 *
 * <p>A NaN equals nothing, not even an expected NaN, unless {@link #matchingNaN()} came before. An
 * infinity equals only the same infinity.
 */
public final class NDArrayAssert extends AbstractAssert<NDArrayAssert, NDArray> {

    private boolean matchingNaN;

    NDArrayAssert(@Nullable NDArray actual) {
        super(actual, NDArrayAssert.class);
    }

    /**
     * Lets the comparisons that follow accept a NaN where, and only where, one is expected.
     *
     * @return this
     */
    public NDArrayAssert matchingNaN() {
        matchingNaN = true;
        return this;
    }

    /**
     * Verifies the extents.
     *
     * @param expected the expected extents; none for a scalar
     * @return this
     */
    public NDArrayAssert hasShape(long... expected) {
        return hasShape(new Shape(expected));
    }

    /**
     * Verifies the extents.
     *
     * @param expected the expected shape
     * @return this
     */
    public NDArrayAssert hasShape(Shape expected) {
        isNotNull();
        if (!actual.getShape().equals(expected)) {
            failWithMessage("expected shape %s but was %s", expected, describe(actual));
        }
        return this;
    }

    /**
     * Verifies the dtype.
     *
     * @param expected the expected dtype
     * @return this
     */
    public NDArrayAssert hasDataType(DataType expected) {
        isNotNull();
        if (actual.getDataType() != expected) {
            failWithMessage("expected dtype %s but was %s", expected.name(), describe(actual));
        }
        return this;
    }

    /**
     * Verifies that no element is a NaN.
     *
     * @return this
     */
    public NDArrayAssert hasNoNaN() {
        isNotNull();
        double[] values = HostValues.of(actual);
        int first = -1;
        int found = 0;
        for (int i = 0; i < values.length; i++) {
            if (Double.isNaN(values[i])) {
                first = found == 0 ? i : first;
                found++;
            }
        }
        if (found > 0) {
            failWithMessage(
                    "expected no NaN in %s but %d of %d elements are NaN, the first at %s",
                    describe(actual),
                    found,
                    values.length,
                    Margin.multiIndex(first, actual.getShape()));
        }
        return this;
    }

    /**
     * Verifies shape, dtype (the tolerance's result type) and every element.
     *
     * @param expected the true values, row-major
     * @param shape the expected shape
     * @param tolerance the allowed error
     * @return this
     */
    public NDArrayAssert isCloseTo(double[] expected, Shape shape, Tolerance tolerance) {
        return hasShape(shape).hasDataType(tolerance.resultType()).compare(expected, tolerance);
    }

    /**
     * Verifies shape, dtype (the tolerance's result type) and every element.
     *
     * @param expected the true values, row-major
     * @param shape the expected extents
     * @param tolerance the allowed error
     * @return this
     */
    public NDArrayAssert isCloseTo(double[] expected, long[] shape, Tolerance tolerance) {
        return isCloseTo(expected, new Shape(shape), tolerance);
    }

    /**
     * Verifies shape, dtype and every element against another array, of any engine.
     *
     * <p>Each of the two may be off by the tolerance, so it is the difference that is allowed here:
     * state a constant for both. Agreement is not correctness: compare one of them with a formula.
     *
     * @param other the array to agree with
     * @param tolerance the allowed difference
     * @return this
     */
    public NDArrayAssert isCloseTo(NDArray other, Tolerance tolerance) {
        return hasShape(other.getShape())
                .hasDataType(other.getDataType())
                .hasDataType(tolerance.resultType())
                .compare(HostValues.of(other), tolerance);
    }

    /**
     * Verifies shape and every element, with one absolute bound.
     *
     * @param absolute the largest error allowed, in units of the elements; at least 0
     * @param expected the true values, row-major
     * @param shape the expected shape
     * @return this
     * @throws IllegalArgumentException if the bound is negative or NaN
     */
    public NDArrayAssert isWithin(double absolute, double[] expected, Shape shape) {
        if (!(absolute >= 0)) {
            throw new IllegalArgumentException("absolute (" + absolute + ") must be at least 0");
        }
        hasShape(shape);
        double[] found = HostValues.of(actual);
        check(Margin.within(absolute, expected, found, shape, matchingNaN));
        return this;
    }

    /**
     * Verifies shape, dtype and every element bit for bit; 0.0 is not -0.0.
     *
     * @param other the array to equal, of any engine
     * @return this
     */
    public NDArrayAssert isExactly(NDArray other) {
        hasShape(other.getShape()).hasDataType(other.getDataType());
        return isExactly(HostValues.of(other), other.getShape());
    }

    /**
     * Verifies shape and every element bit for bit; 0.0 is not -0.0.
     *
     * @param expected the values, row-major
     * @param shape the expected shape
     * @return this
     */
    public NDArrayAssert isExactly(double[] expected, Shape shape) {
        hasShape(shape);
        check(Margin.exact(expected, HostValues.of(actual), shape, matchingNaN));
        return this;
    }

    private NDArrayAssert compare(double[] expected, Tolerance tolerance) {
        double[] found = HostValues.of(actual);
        check(Margin.of(expected, found, actual.getShape(), tolerance, matchingNaN));
        return this;
    }

    private void check(Margin margin) {
        if (!margin.isWithin()) {
            failWithMessage(
                    "%s: %d of %d elements differ; worst at %s: expected %s but was %s, error %s,"
                            + " allowed %s (used %s)",
                    describe(actual),
                    margin.failed(),
                    margin.count(),
                    margin.worstIndex(),
                    margin.expected(),
                    margin.actual(),
                    ParityReport.number(margin.error()),
                    ParityReport.number(margin.allowed()),
                    ParityReport.number(margin.used()));
        }
    }

    static String describe(NDArray array) {
        String name = array.getName();
        List<String> parts =
                name == null
                        ? List.of(array.getDataType().name(), array.getShape().toString())
                        : List.of(name, array.getDataType().name(), array.getShape().toString());
        return String.join(" ", parts);
    }
}

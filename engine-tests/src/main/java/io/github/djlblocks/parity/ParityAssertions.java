package io.github.djlblocks.parity;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * Entry point of the assertions on arrays.
 *
 * <pre>{@code
 * assertThat(y).isCloseTo(expected, new Shape(2, 3), Tolerance.of(DataType.FLOAT32, 64, 4));
 * }</pre>
 */
public final class ParityAssertions {

    private ParityAssertions() {}

    /**
     * Starts an assertion on an array of any engine.
     *
     * @param actual the array under test; it is read, never changed or closed
     * @return its assertions
     */
    public static NDArrayAssert assertThat(@Nullable NDArray actual) {
        return new NDArrayAssert(actual);
    }
}

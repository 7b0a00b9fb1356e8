package io.github.djlblocks.parity;

import ai.djl.ndarray.types.DataType;
import java.util.Objects;

/**
 * How far a computed number may lie from the true one, derived from its arithmetic.
 *
 * <p>For an element whose true value is {@code e}, in a tensor whose largest true magnitude is
 * {@code s},
 *
 * <pre>
 * allowed = c * sqrt(n) * max(epsilon * max(|e|, s, m), tiny)
 * </pre>
 *
 * <p>where {@code n} is the reduction length (terms summed per element; 1 for elementwise formulas,
 * the sum over the stages of a composition), {@code c} the stated constant, {@code epsilon} the gap
 * between 1 and the next number of the dtype, {@code tiny} its smallest positive number, and {@code
 * m} the {@link #withMinimumScale minimum scale}, 0 unless stated.
 *
 * <p>Derivation. One operation obeys {@code fl(x op y) = (x op y)(1 + d) + t} with {@code |d| <=
 * epsilon / 2} and, in the subnormal range, {@code |t| <= tiny / 2} (Higham, "Accuracy and
 * Stability of Numerical Algorithms", 2nd ed., section 2.2). A sum of {@code n} terms meets {@code
 * n} such errors. Their worst case grows as {@code n}; taken as independent with mean zero they
 * walk at random and grow as {@code sqrt(n)}, and {@code lambda * sqrt(n) * epsilon / 2} times the
 * magnitude of the terms is exceeded with probability at most {@code 2 n exp(-lambda^2 / 2)}
 * (Higham and Mary, "A New Approach to Probabilistic Rounding Error Analysis", SIAM J. Sci. Comput.
 * 41(5), 2019; the book's section 2.8 on the distribution of rounding errors). So {@code c} is half
 * the {@code lambda} of a single sum, times the number of such steps in the formula. The magnitude
 * of the terms is not visible in the result: the largest magnitude of the true tensor stands for
 * it, so that an element that cancels to nearly 0 is not held to its own size. One outlier thus
 * loosens the whole tensor: compare parts of different size separately. Where everything cancels,
 * state the magnitude of the terms with {@link #withMinimumScale}.
 *
 * @param dataType the dtype the arithmetic rounds to
 * @param resultType the dtype of the array that holds the result; the same unless stated
 * @param reductionLength the terms summed per element, at least 1
 * @param constant the constant {@code c}, positive and finite
 * @param minimumScale the magnitude the scale never falls below, in units of the result; at least 0
 */
public record Tolerance(
        DataType dataType,
        DataType resultType,
        long reductionLength,
        double constant,
        double minimumScale) {

    /**
     * Creates a tolerance; see {@link #of}.
     *
     * @param dataType the dtype the arithmetic rounds to
     * @param resultType the dtype of the array that holds the result
     * @param reductionLength the terms summed per element, at least 1
     * @param constant the constant {@code c}, positive and finite
     * @param minimumScale the magnitude the scale never falls below, at least 0
     * @throws IllegalArgumentException if the dtype does not round or a number is out of range
     */
    public Tolerance {
        Objects.requireNonNull(resultType, "resultType");
        epsilon(dataType);
        if (reductionLength < 1) {
            throw new IllegalArgumentException(
                    "reductionLength ("
                            + reductionLength
                            + ") must be at least 1: use 1 for an elementwise formula");
        }
        if (!(constant > 0) || Double.isInfinite(constant)) {
            throw new IllegalArgumentException(
                    "constant (" + constant + ") must be positive and finite");
        }
        if (!(minimumScale >= 0) || Double.isInfinite(minimumScale)) {
            throw new IllegalArgumentException(
                    "minimumScale (" + minimumScale + ") must be finite and at least 0");
        }
    }

    /**
     * Returns the tolerance of a formula.
     *
     * @param dataType the dtype the arithmetic rounds to, which is also that of the result
     * @param reductionLength the terms summed per element, at least 1
     * @param constant the constant {@code c}, positive and finite
     * @return the tolerance
     * @throws IllegalArgumentException if the dtype does not round or a number is out of range
     */
    public static Tolerance of(DataType dataType, long reductionLength, double constant) {
        return new Tolerance(dataType, dataType, reductionLength, constant, 0);
    }

    /**
     * Returns this tolerance for results held in another dtype, such as BFLOAT16 arithmetic whose
     * result is handed over as FLOAT32.
     *
     * @param type the dtype of the array that holds the result
     * @return a tolerance that expects that dtype
     */
    public Tolerance deliveredAs(DataType type) {
        return new Tolerance(dataType, type, reductionLength, constant, minimumScale);
    }

    /**
     * Returns this tolerance with a scale that never falls below the given magnitude.
     *
     * @param magnitude the magnitude of the terms summed, where the whole result may cancel to 0
     * @return a tolerance with that minimum
     * @throws IllegalArgumentException if the magnitude is negative or not finite
     */
    public Tolerance withMinimumScale(double magnitude) {
        return new Tolerance(dataType, resultType, reductionLength, constant, magnitude);
    }

    /**
     * Returns the largest error allowed for an element.
     *
     * @param expected the true value of the element
     * @param scale the largest finite magnitude of the true tensor
     * @return the allowed absolute error, positive
     */
    public double allowed(double expected, double scale) {
        double own = Double.isFinite(expected) ? Math.abs(expected) : 0;
        double magnitude = Math.max(Math.max(own, scale), minimumScale);
        double rounding = Math.max(epsilon(dataType) * magnitude, tiny(dataType));
        return constant * Math.sqrt((double) reductionLength) * rounding;
    }

    /**
     * Returns the gap between 1 and the next larger number of a floating dtype.
     *
     * @param dataType FLOAT16 (2^-10), BFLOAT16 (2^-7), FLOAT32 (2^-23) or FLOAT64 (2^-52)
     * @return the machine epsilon, twice the unit roundoff
     * @throws IllegalArgumentException for any other dtype
     */
    public static double epsilon(DataType dataType) {
        return switch (dataType) {
            case FLOAT16 -> 0x1p-10;
            case BFLOAT16 -> 0x1p-7;
            case FLOAT32 -> 0x1p-23;
            case FLOAT64 -> 0x1p-52;
            default ->
                    throw new IllegalArgumentException(
                            dataType
                                    + " arithmetic does not round: compare with isExactly, or give"
                                    + " one of FLOAT16, BFLOAT16, FLOAT32, FLOAT64");
        };
    }

    private static double tiny(DataType dataType) {
        return switch (dataType) {
            case FLOAT16 -> 0x1p-24;
            case BFLOAT16 -> 0x1p-133;
            case FLOAT32 -> 0x1p-149;
            default -> Double.MIN_VALUE;
        };
    }
}

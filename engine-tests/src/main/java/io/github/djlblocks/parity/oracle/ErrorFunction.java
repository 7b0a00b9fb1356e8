package io.github.djlblocks.parity.oracle;

/** The error function to double precision (absolute error below 1e-15). */
public final class ErrorFunction {

    /** Below it the series is short; from it on the continued fraction converges quickly. */
    private static final double SERIES_BELOW = 1.5;

    private static final int FRACTION_DEPTH = 150;

    private ErrorFunction() {}

    /**
     * Computes {@code erf(x) = 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x}.
     *
     * @param x any number
     * @return the error function, in [-1, 1]; NaN for NaN
     */
    public static double erf(double x) {
        if (Math.abs(x) < SERIES_BELOW) {
            return series(x);
        }
        return x > 0 ? 1 - fraction(x) : fraction(-x) - 1;
    }

    /**
     * Computes {@code erfc(x) = 1 - erf(x)} without cancellation for large positive {@code x}.
     *
     * @param x any number
     * @return the complementary error function, in [0, 2]; NaN for NaN
     */
    public static double erfc(double x) {
        if (Math.abs(x) < SERIES_BELOW) {
            return 1 - series(x);
        }
        return x > 0 ? fraction(x) : 2 - fraction(-x);
    }

    /**
     * {@code 2 / sqrt(pi) * exp(-x^2) * sum_n 2^n x^(2n+1) / (2n+1)!!}: no term cancels another.
     */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > Math.ulp(sum) / 8; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * expOfMinusSquare(x) * sum;
    }

    /** {@code exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + (2/2) / (x + (3/2) / (x + ...))))}. */
    private static double fraction(double x) {
        double denominator = x;
        for (int n = FRACTION_DEPTH; n >= 1; n--) {
            denominator = x + n / 2.0 / denominator;
        }
        return expOfMinusSquare(x) / Math.sqrt(Math.PI) / denominator;
    }

    /** The rounding error of {@code x * x}, times e, is what a plain exp(-x * x) would lose. */
    private static double expOfMinusSquare(double x) {
        double square = x * x;
        if (square > 1000) {
            return 0;
        }
        double lost = Math.fma(x, x, -square);
        return Math.exp(-square) * (1 - lost);
    }
}

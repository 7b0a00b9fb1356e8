package io.github.djlblocks.parity.oracle;

/** The transcendental functions that activations are made of, without overflow or cancellation. */
final class Curves {

    private Curves() {}

    static double sigmoid(double x) {
        if (x >= 0) {
            return 1 / (1 + Math.exp(-x));
        }
        double e = Math.exp(x);
        return e / (1 + e);
    }

    /** {@code 1 - tanh(x)^2}; cosh overflows to infinity, which gives 0. */
    static double tanhDerivative(double x) {
        double cosh = Math.cosh(x);
        return 1 / cosh / cosh;
    }

    static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    static double normalCdf(double x) {
        return ErrorFunction.erfc(-x / Math.sqrt(2)) / 2;
    }

    static double normalDensity(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /** The argument of the tanh in the tanh form of GELU. */
    static double geluArgument(double x, double factor) {
        return factor * (x + 0.044715 * x * x * x);
    }

    static double clamp(double x, double lower, double upper) {
        return Math.min(Math.max(x, lower), upper);
    }
}

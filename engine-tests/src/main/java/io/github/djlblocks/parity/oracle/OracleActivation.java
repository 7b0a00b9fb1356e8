package io.github.djlblocks.parity.oracle;

import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Activation functions with their derivatives.
 *
 * <p>Each is written in a form that neither overflows nor cancels: 1 + tanh(u) as 2 sigmoid(2u), 1
 * + erf(u) as erfc(-u), ln(1 + e^x) as max(x, 0) + log1p(e^-|x|), e^x - 1 as expm1. At a corner the
 * derivative is the one stated. Results are finite for |x| up to 1e100, those of squares to 1e150.
 */
public final class OracleActivation {

    /** {@code x}. */
    public static final OracleActivation IDENTITY =
            new OracleActivation("IDENTITY", x -> x, x -> 1);

    /** {@code max(x, 0)}; the derivative at 0 is 0. */
    public static final OracleActivation RELU =
            new OracleActivation("RELU", x -> Math.max(x, 0), x -> x > 0 ? 1 : 0);

    /** {@code max(x, 0)^2} (arXiv 2109.08668). */
    public static final OracleActivation SQUARED_RELU =
            new OracleActivation("SQUARED_RELU", x -> x > 0 ? x * x : 0, x -> 2 * Math.max(x, 0));

    /** {@code 1 / (1 + exp(-x))}. */
    public static final OracleActivation SIGMOID =
            new OracleActivation(
                    "SIGMOID", Curves::sigmoid, x -> Curves.sigmoid(x) * Curves.sigmoid(-x));

    /** {@code ln(1 / (1 + exp(-x)))}. */
    public static final OracleActivation LOG_SIGMOID =
            new OracleActivation("LOG_SIGMOID", x -> -Curves.softplus(-x), x -> Curves.sigmoid(-x));

    /** {@code tanh(x)}. */
    public static final OracleActivation TANH =
            new OracleActivation("TANH", Math::tanh, Curves::tanhDerivative);

    /** The error function. */
    public static final OracleActivation ERF =
            new OracleActivation(
                    "ERF", ErrorFunction::erf, x -> 2 / Math.sqrt(Math.PI) * Math.exp(-x * x));

    /** {@code x * sigmoid(x)} (arXiv 1702.03118), also called swish. */
    public static final OracleActivation SILU = swish(1);

    /** {@code x * Phi(x) = x / 2 * (1 + erf(x / sqrt(2)))} (arXiv 1606.08415). */
    public static final OracleActivation GELU_ERF =
            new OracleActivation(
                    "GELU_ERF",
                    x -> x * Curves.normalCdf(x),
                    x -> Curves.normalCdf(x) + x * Curves.normalDensity(x));

    /** {@code x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))} (arXiv 1606.08415). */
    public static final OracleActivation GELU_TANH = geluTanh(Math.sqrt(2 / Math.PI));

    /** {@code x * tanh(ln(1 + exp(x)))}, natural logarithm (arXiv 1908.08681). */
    public static final OracleActivation MISH =
            new OracleActivation(
                    "MISH",
                    x -> x * Math.tanh(Curves.softplus(x)),
                    x -> {
                        double p = Curves.softplus(x);
                        return Math.tanh(p) + x * Curves.tanhDerivative(p) * Curves.sigmoid(x);
                    });

    /** {@code x / (1 + |x|)}. */
    public static final OracleActivation SOFTSIGN =
            new OracleActivation(
                    "SOFTSIGN",
                    x -> x / (1 + Math.abs(x)),
                    x -> 1 / ((1 + Math.abs(x)) * (1 + Math.abs(x))));

    private final String name;
    private final DoubleUnaryOperator value;
    private final DoubleUnaryOperator derivative;

    private OracleActivation(
            String name, DoubleUnaryOperator value, DoubleUnaryOperator derivative) {
        this.name = name;
        this.value = value;
        this.derivative = derivative;
    }

    /**
     * Swish (arXiv 1710.05941): {@code x * sigmoid(beta x)}.
     *
     * @param beta the sigmoid's steepness
     * @return the function
     */
    public static OracleActivation swish(double beta) {
        return new OracleActivation(
                beta == 1 ? "SILU" : "SWISH " + beta,
                x -> x * Curves.sigmoid(beta * x),
                x -> {
                    double s = Curves.sigmoid(beta * x);
                    return s + beta * x * s * Curves.sigmoid(-beta * x);
                });
    }

    /**
     * GELU_TANH with another number for {@code sqrt(2 / pi)}.
     *
     * @param factor the number
     * @return the function
     */
    public static OracleActivation geluTanh(double factor) {
        return new OracleActivation(
                "GELU_TANH " + factor,
                x -> x * Curves.sigmoid(2 * Curves.geluArgument(x, factor)),
                x -> geluTanhDerivative(x, factor));
    }

    /**
     * Leaky ReLU: {@code x} above 0, else {@code slope * x}; the derivative at 0 is the slope.
     *
     * @param slope the slope
     * @return the function
     */
    public static OracleActivation leakyRelu(double slope) {
        return new OracleActivation(
                "LEAKY_RELU " + slope, x -> x > 0 ? x : slope * x, x -> x > 0 ? 1 : slope);
    }

    /**
     * Thresholded ReLU (arXiv 1402.3337): {@code x} above theta, else 0; the derivative there is 0.
     *
     * @param theta the threshold
     * @return the function
     */
    public static OracleActivation thresholdedRelu(double theta) {
        return new OracleActivation(
                "THRESHOLDED_RELU " + theta, x -> x > theta ? x : 0, x -> x > theta ? 1 : 0);
    }

    /**
     * The family of ELU, CELU and SELU: {@code scale * x} above 0, else {@code scale * alpha *
     * (exp(x / width) - 1)}; the derivative at 0 is that from below.
     *
     * @param alpha what it saturates at, negated
     * @param width 1 for ELU (arXiv 1511.07289) and SELU (1706.02515), alpha for CELU (1704.07483)
     * @param scale 1 but for SELU
     * @return the function
     */
    public static OracleActivation elu(double alpha, double width, double scale) {
        return new OracleActivation(
                "ELU " + alpha + " " + width + " " + scale,
                x -> scale * (x > 0 ? x : alpha * Math.expm1(x / width)),
                x -> scale * (x > 0 ? 1 : alpha / width * Math.exp(x / width)));
    }

    /**
     * A straight line between two bounds: {@code min(max(slope * x + offset, lower), upper)}; the
     * derivative at a corner is 0.
     *
     * @param slope above 0
     * @param offset the value at 0
     * @param lower the least value
     * @param upper the greatest value
     * @return the function
     */
    public static OracleActivation clampedLine(
            double slope, double offset, double lower, double upper) {
        return new OracleActivation(
                "CLAMPED_LINE " + slope + " " + offset + " " + lower + " " + upper,
                x -> Curves.clamp(slope * x + offset, lower, upper),
                x -> isWithin(slope * x + offset, lower, upper) ? slope : 0);
    }

    /**
     * Hard swish (arXiv 1905.02244): {@code x * min(max(alpha * x + beta, 0), 1)}; the derivative
     * at a corner is that of outside.
     *
     * @param alpha above 0
     * @param beta the value of the second factor at 0
     * @return the function
     */
    public static OracleActivation hardSwish(double alpha, double beta) {
        return new OracleActivation(
                "HARD_SWISH " + alpha + " " + beta,
                x -> x * Curves.clamp(alpha * x + beta, 0, 1),
                x ->
                        Curves.clamp(alpha * x + beta, 0, 1)
                                + (isWithin(alpha * x + beta, 0, 1) ? alpha * x : 0));
    }

    /**
     * Softplus: {@code ln(1 + exp(beta x)) / beta}, but {@code x} where {@code beta x} is above the
     * threshold.
     *
     * @param beta above 0
     * @param threshold plus infinity for none
     * @return the function
     */
    public static OracleActivation softplus(double beta, double threshold) {
        return new OracleActivation(
                "SOFTPLUS " + beta + " " + threshold,
                x -> beta * x > threshold ? x : Curves.softplus(beta * x) / beta,
                x -> beta * x > threshold ? 1 : Curves.sigmoid(beta * x));
    }

    /**
     * GELU held between two bounds; the derivative at a bound is 0.
     *
     * @param lower the least value
     * @param upper the greatest value
     * @return the function
     */
    public static OracleActivation clippedGelu(double lower, double upper) {
        return new OracleActivation(
                "CLIPPED_GELU " + lower + " " + upper,
                x -> Curves.clamp(GELU_ERF.value(x), lower, upper),
                x -> isWithin(GELU_ERF.value(x), lower, upper) ? GELU_ERF.derivative(x) : 0);
    }

    /**
     * The distribution function of a normal distribution, "laplace" in Mega (arXiv 2209.10655).
     *
     * @param mu the mean
     * @param sigma the deviation
     * @return the function
     */
    public static OracleActivation laplace(double mu, double sigma) {
        return new OracleActivation(
                "LAPLACE " + mu + " " + sigma,
                x -> Curves.normalCdf((x - mu) / sigma),
                x -> Curves.normalDensity((x - mu) / sigma) / sigma);
    }

    /**
     * Computes the function.
     *
     * @param x the argument
     * @return the function's value
     */
    public double value(double x) {
        return value.applyAsDouble(x);
    }

    /**
     * Computes the derivative.
     *
     * @param x the argument
     * @return the derivative at {@code x}
     */
    public double derivative(double x) {
        return derivative.applyAsDouble(x);
    }

    /**
     * Applies the function to every element: {@code y = f(x)}, gradient {@code dx = f'(x) * dy}.
     *
     * @param x of any shape
     * @return of the shape of {@code x}
     */
    public Var apply(Var x) {
        double[] xs = x.data();
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = value(xs[i]);
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < dy.length; i++) {
                        dx[i] += derivative(xs[i]) * dy[i];
                    }
                });
    }

    @Override
    public String toString() {
        return name;
    }

    private static double geluTanhDerivative(double x, double factor) {
        double u = Curves.geluArgument(x, factor);
        double slope = factor * (1 + 3 * 0.044715 * x * x);
        return Curves.sigmoid(2 * u)
                + x * 2 * slope * Curves.sigmoid(2 * u) * Curves.sigmoid(-2 * u);
    }

    private static boolean isWithin(double value, double lower, double upper) {
        return value > lower && value < upper;
    }
}

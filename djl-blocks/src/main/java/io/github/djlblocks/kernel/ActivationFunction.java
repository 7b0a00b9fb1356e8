package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * An elementwise activation function: a formula and its numbers.
 *
 * <p>Constants and factories give the functions by their usual names; the formulas, their
 * derivatives and their sources are at {@link ActivationKind}.
 *
 * @param kind the formula
 * @param alpha its first number; 0 if it has none
 * @param beta its second number; 0 if it has none
 */
public record ActivationFunction(ActivationKind kind, double alpha, double beta) {

    /** SiLU or swish: {@code x / (1 + e^-x)}. */
    public static final ActivationFunction SILU = of(ActivationKind.SILU);

    /** GELU with the error function. */
    public static final ActivationFunction GELU = of(ActivationKind.GELU);

    /** GELU in its tanh form. */
    public static final ActivationFunction GELU_TANH = of(ActivationKind.GELU_TANH);

    /** GELU in its sigmoid form, "quick": {@code x / (1 + e^(-1.702 x))}. */
    public static final ActivationFunction GELU_QUICK = swish(1.702);

    /** {@code max(x, 0)}. */
    public static final ActivationFunction RELU = of(ActivationKind.RELU);

    /** {@code min(max(x, 0), 6)}. */
    public static final ActivationFunction RELU6 = hardTanh(0, 6);

    /** {@code max(x, 0)^2}. */
    public static final ActivationFunction SQUARED_RELU = of(ActivationKind.SQUARED_RELU);

    /** {@code 1 / (1 + e^-x)}. */
    public static final ActivationFunction SIGMOID = of(ActivationKind.SIGMOID);

    /** {@code -ln(1 + e^-x)}. */
    public static final ActivationFunction LOG_SIGMOID = of(ActivationKind.LOG_SIGMOID);

    /** {@code tanh(x)}. */
    public static final ActivationFunction TANH = of(ActivationKind.TANH);

    /** The error function. */
    public static final ActivationFunction ERF = of(ActivationKind.ERF);

    /** {@code x}. */
    public static final ActivationFunction IDENTITY = of(ActivationKind.IDENTITY);

    /** SELU with the numbers of its paper, 1.6733 and 1.0507. */
    public static final ActivationFunction SELU = selu(1.6732632423543772, 1.0507009873554805);

    /** {@code min(max(x / 6 + 1 / 2, 0), 1)}, as {@code torch.nn.Hardsigmoid}. */
    public static final ActivationFunction HARD_SIGMOID = hardSigmoid(1.0 / 6, 0.5);

    /** {@code x min(max(x / 6 + 1 / 2, 0), 1)}, as PyTorch and ONNX have it. */
    public static final ActivationFunction HARD_SWISH =
            new ActivationFunction(ActivationKind.HARD_SWISH, 1.0 / 6, 0.5);

    /** {@code min(max(x, -1), 1)}. */
    public static final ActivationFunction HARD_TANH = hardTanh(-1, 1);

    /** {@code x tanh(ln(1 + e^x))}. */
    public static final ActivationFunction MISH = of(ActivationKind.MISH);

    /** {@code ln(1 + e^x)} everywhere, as ONNX has it. */
    public static final ActivationFunction SOFTPLUS = softplus(1, Double.POSITIVE_INFINITY);

    /** {@code x / (1 + |x|)}. */
    public static final ActivationFunction SOFTSIGN = of(ActivationKind.SOFTSIGN);

    /** Squared ReLU's smooth stand-in of Mega: mean sqrt(1 / 2), deviation sqrt(1 / (4 pi)). */
    public static final ActivationFunction LAPLACE = laplace(0.707107, 0.282095);

    /**
     * Checks the numbers.
     *
     * @param kind the formula
     * @param alpha its first number; 0 if it has none
     * @param beta its second number; 0 if it has none
     * @throws IllegalArgumentException if a number is out of range, or given where there is none
     */
    public ActivationFunction {
        if (kind.parameters() < 2) {
            requireUnused(kind, "beta", beta);
        }
        if (kind.parameters() < 1) {
            requireUnused(kind, "alpha", alpha);
        }
        requireFinite(kind, "alpha", alpha);
        switch (kind) {
            case CELU, GELU_TANH_OF -> Checks.positive("alpha of " + kind, alpha);
            case SOFTPLUS -> {
                Checks.positive("beta of softplus", alpha);
                if (Double.isNaN(beta)) {
                    throw new IllegalArgumentException("threshold of softplus must be a number");
                }
            }
            case HARD_TANH, CLIPPED_GELU -> requireOrder(kind, alpha, beta);
            case HARD_SIGMOID, HARD_SWISH -> {
                Checks.positive("alpha of " + kind, alpha);
                requireFinite(kind, "beta", beta);
            }
            case LAPLACE -> Checks.positive("sigma of LAPLACE", beta);
            default -> requireFinite(kind, "beta", beta);
        }
    }

    private static ActivationFunction of(ActivationKind kind) {
        return new ActivationFunction(kind, 0, 0);
    }

    /**
     * Swish: {@code x / (1 + e^(-beta x))}.
     *
     * @param beta a finite number; with 1 this is {@link #SILU}
     * @return the function
     */
    public static ActivationFunction swish(double beta) {
        return beta == 1
                ? of(ActivationKind.SILU)
                : new ActivationFunction(ActivationKind.SWISH, beta, 0);
    }

    /**
     * Leaky ReLU: {@code x} above 0, else {@code slope x}. PyTorch and ONNX have 0.01 by default.
     *
     * @param slope a finite number
     * @return the function
     */
    public static ActivationFunction leakyRelu(double slope) {
        return new ActivationFunction(ActivationKind.LEAKY_RELU, slope, 0);
    }

    /**
     * Thresholded ReLU: {@code x} above theta, else 0. ONNX has 1 by default.
     *
     * @param theta a finite number
     * @return the function
     */
    public static ActivationFunction thresholdedRelu(double theta) {
        return new ActivationFunction(ActivationKind.THRESHOLDED_RELU, theta, 0);
    }

    /**
     * ELU: {@code x} above 0, else {@code alpha (e^x - 1)}. PyTorch and ONNX have 1 by default.
     *
     * @param alpha a finite number
     * @return the function
     */
    public static ActivationFunction elu(double alpha) {
        return new ActivationFunction(ActivationKind.ELU, alpha, 0);
    }

    /**
     * CELU: {@code x} above 0, else {@code alpha (e^(x / alpha) - 1)}. PyTorch and ONNX have 1 by
     * default.
     *
     * @param alpha above 0
     * @return the function
     */
    public static ActivationFunction celu(double alpha) {
        return new ActivationFunction(ActivationKind.CELU, alpha, 0);
    }

    /**
     * SELU with other numbers than its paper's: {@code gamma} times the ELU of alpha.
     *
     * @param alpha a finite number
     * @param gamma a finite number
     * @return the function
     */
    public static ActivationFunction selu(double alpha, double gamma) {
        return new ActivationFunction(ActivationKind.SELU, alpha, gamma);
    }

    /**
     * Hard sigmoid: {@code min(max(alpha x + beta, 0), 1)}. PyTorch has 1/6 and 1/2, ONNX 0.2 and
     * 0.5 by default.
     *
     * @param alpha above 0
     * @param beta a finite number
     * @return the function
     */
    public static ActivationFunction hardSigmoid(double alpha, double beta) {
        return new ActivationFunction(ActivationKind.HARD_SIGMOID, alpha, beta);
    }

    /**
     * Hard tanh: {@code min(max(x, lower), upper)}.
     *
     * @param lower a finite number
     * @param upper a larger one
     * @return the function
     */
    public static ActivationFunction hardTanh(double lower, double upper) {
        return new ActivationFunction(ActivationKind.HARD_TANH, lower, upper);
    }

    /**
     * Softplus: {@code ln(1 + e^(beta x)) / beta}, but {@code x} itself where {@code beta x} is
     * above the threshold. PyTorch has 1 and 20 by default.
     *
     * @param beta above 0
     * @param threshold a number; plus infinity for none
     * @return the function
     */
    public static ActivationFunction softplus(double beta, double threshold) {
        return new ActivationFunction(ActivationKind.SOFTPLUS, beta, threshold);
    }

    /**
     * GELU held between two bounds.
     *
     * @param lower a finite number
     * @param upper a larger one
     * @return the function
     */
    public static ActivationFunction clippedGelu(double lower, double upper) {
        return new ActivationFunction(ActivationKind.CLIPPED_GELU, lower, upper);
    }

    /**
     * GELU in its tanh form with a rounded {@code sqrt(2 / pi)}: BLOOM has 0.79788456, {@code
     * gelu_fast} of Hugging Face 0.7978845608.
     *
     * @param factor above 0
     * @return the function
     */
    public static ActivationFunction geluTanh(double factor) {
        return new ActivationFunction(ActivationKind.GELU_TANH_OF, factor, 0);
    }

    /**
     * The distribution function of a normal distribution.
     *
     * @param mu its mean, a finite number
     * @param sigma its deviation, above 0
     * @return the function
     */
    public static ActivationFunction laplace(double mu, double sigma) {
        return new ActivationFunction(ActivationKind.LAPLACE, mu, sigma);
    }

    @Override
    public String toString() {
        return switch (kind.parameters()) {
            case 0 -> kind.name();
            case 1 -> kind + "(" + alpha + ")";
            default -> kind + "(" + alpha + ", " + beta + ")";
        };
    }

    private static void requireUnused(ActivationKind kind, String name, double value) {
        if (value != 0) {
            throw new IllegalArgumentException(
                    name + " (" + value + ") must be 0: " + kind + " has no " + name);
        }
    }

    private static void requireFinite(ActivationKind kind, String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(
                    name + " (" + value + ") of " + kind + " must be a finite number");
        }
    }

    private static void requireOrder(ActivationKind kind, double lower, double upper) {
        if (!(lower < upper) || Double.isInfinite(upper)) {
            throw new IllegalArgumentException(
                    "upper bound ("
                            + upper
                            + ") of "
                            + kind
                            + " must be a finite number above the lower one ("
                            + lower
                            + ")");
        }
    }
}

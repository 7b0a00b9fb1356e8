package io.github.djlblocks.kernel;

/**
 * The formulas behind {@link ActivationFunction}, with their derivatives; {@code alpha} and {@code
 * beta} are the function's numbers, {@code s(x) = 1 / (1 + e^-x)}.
 *
 * <p>Where a formula has a corner, the derivative is the one named for the argument itself. A
 * product {@code x * g(x)} whose second factor vanishes far below is NaN at minus infinity, as in
 * PyTorch; everything else has its limits at both infinities. The slope of {@link #GELU_TANH} is
 * NaN beyond 1e19, where the square of a FLOAT32 overflows, in PyTorch as well.
 */
public enum ActivationKind {
    /** {@code x}, slope 1: the gate of a bilinear unit (arXiv 2002.05202). */
    IDENTITY(0),
    /** {@code s(x)}, slope {@code s(x) s(-x)}. */
    SIGMOID(0),
    /** {@code ln s(x) = -ln(1 + e^-x)}, slope {@code s(-x)}; {@code torch.nn.LogSigmoid}. */
    LOG_SIGMOID(0),
    /** {@code tanh(x)}, slope {@code 1 - tanh(x)^2}. */
    TANH(0),
    /** {@code erf(x)}, slope {@code 2 / sqrt(pi) e^-x^2}; ONNX {@code Erf}. */
    ERF(0),
    /** {@code max(x, 0)}, slope 1 above 0, else 0. */
    RELU(0),
    /** {@code max(x, 0)^2}, slope {@code 2 max(x, 0)} (Primer, arXiv 2109.08668). */
    SQUARED_RELU(0),
    /** {@code x} above 0, else {@code alpha x}; slope 1 above 0, else alpha. */
    LEAKY_RELU(1),
    /** {@code x} above alpha, else 0; slope 1 above alpha, else 0 (arXiv 1402.3337). */
    THRESHOLDED_RELU(1),
    /**
     * {@code x} above 0, else {@code alpha (e^x - 1)}; slope 1 above 0, else {@code alpha e^x}
     * (arXiv 1511.07289).
     */
    ELU(1),
    /**
     * {@code x} above 0, else {@code alpha (e^(x / alpha) - 1)}; slope 1 above 0, else {@code e^(x
     * / alpha)} (arXiv 1704.07483).
     */
    CELU(1),
    /** {@code beta} times the ELU of alpha, and its slope (arXiv 1706.02515). */
    SELU(2),
    /**
     * {@code x Phi(x) = x / 2 (1 + erf(x / sqrt(2)))}, slope {@code Phi(x) + x phi(x)} with the
     * density {@code phi} of the normal distribution (arXiv 1606.08415).
     */
    GELU(0),
    /**
     * {@code x / 2 (1 + tanh(u))}, {@code u = sqrt(2 / pi) (x + 0.044715 x^3)}; slope {@code (1 +
     * tanh(u)) / 2 + x / 2 (1 - tanh(u)^2) u'} (arXiv 1606.08415).
     */
    GELU_TANH(0),
    /**
     * {@link #GELU_TANH} with alpha for {@code sqrt(2 / pi)}, where a reference cuts its digits.
     */
    GELU_TANH_OF(1),
    /**
     * GELU held between alpha and beta, slope 0 where it is held (integer quantisation, arXiv
     * 2004.09602).
     */
    CLIPPED_GELU(2),
    /** {@code x s(x)}, slope {@code s(x) (1 + x s(-x))} (arXiv 1702.03118, 1710.05941). */
    SILU(0),
    /** {@code x s(alpha x)}, slope {@code s(alpha x) (1 + alpha x s(-alpha x))} (1710.05941). */
    SWISH(1),
    /** {@code alpha x + beta} held between 0 and 1, slope alpha strictly between, else 0. */
    HARD_SIGMOID(2),
    /**
     * {@code x} times the hard sigmoid of alpha and beta; slope that hard sigmoid, and {@code alpha
     * x} more strictly between its corners (arXiv 1905.02244).
     */
    HARD_SWISH(2),
    /** {@code x} held between alpha and beta, slope 1 strictly between, else 0. */
    HARD_TANH(2),
    /**
     * {@code x tanh(ln(1 + e^x))}, natural logarithm; with {@code t} the tanh, slope {@code t + x
     * (1 - t^2) s(x)} (arXiv 1908.08681).
     */
    MISH(0),
    /**
     * {@code ln(1 + e^(alpha x)) / alpha}, slope {@code s(alpha x)}; where {@code alpha x} is above
     * beta, {@code x} itself, slope 1.
     */
    SOFTPLUS(2),
    /** {@code x / (1 + |x|)}, slope {@code 1 / (1 + |x|)^2}. */
    SOFTSIGN(0),
    /**
     * {@code (1 + erf((x - alpha) / (beta sqrt(2)))) / 2}, slope the normal density of mean alpha
     * and deviation beta (Mega, arXiv 2209.10655).
     */
    LAPLACE(2);

    private final int parameters;

    ActivationKind(int parameters) {
        this.parameters = parameters;
    }

    /**
     * Returns how many numbers the formula has besides x.
     *
     * @return 0, 1 (alpha) or 2 (alpha and beta)
     */
    public int parameters() {
        return parameters;
    }
}

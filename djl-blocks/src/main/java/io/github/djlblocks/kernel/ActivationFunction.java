package io.github.djlblocks.kernel;

/** Elementwise activation functions. */
public enum ActivationFunction {
    /** {@code x / (1 + e^-x)}, also called swish (arXiv 1702.03118, 1710.05941). */
    SILU,
    /** {@code x * Phi(x)} with the error function (arXiv 1606.08415). */
    GELU,
    /** {@code x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))} (arXiv 1606.08415). */
    GELU_TANH,
    /** {@code max(x, 0)}. */
    RELU,
    /** {@code 1 / (1 + e^-x)}. */
    SIGMOID,
    /** {@code tanh(x)}. */
    TANH,
    /** {@code x}: the gate of a bilinear unit (arXiv 2002.05202). */
    IDENTITY
}

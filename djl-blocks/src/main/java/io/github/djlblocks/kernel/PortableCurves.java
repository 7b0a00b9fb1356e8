package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;

/**
 * The formulas of {@link ActivationKind}, arranged so that neither they nor their gradients
 * overflow or cancel.
 *
 * <p>Exponentials are taken of arguments at or below 0 alone. Corners are made of {@code where},
 * which passes each gradient to the chosen side only: at an argument on the corner {@code maximum}
 * of PyTorch gives half the slope, that of MXNet the whole, and MXNet's float32 {@code relu} turns
 * NaN into 0.
 */
final class PortableCurves {

    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

    private PortableCurves() {}

    static NDArray apply(NDArray x, ActivationFunction function) {
        double alpha = function.alpha();
        double beta = function.beta();
        return switch (function.kind()) {
            case IDENTITY -> x;
            case SIGMOID -> sigmoid(x);
            case LOG_SIGMOID -> softplus(x.neg()).neg();
            case TANH -> x.tanh();
            case ERF -> x.erf();
            case RELU -> relu(x);
            case SQUARED_RELU -> relu(x).square();
            case LEAKY_RELU -> EngineGaps.where(EngineGaps.gt(x, 0), x, OwnMemory.mul(x, alpha));
            case THRESHOLDED_RELU -> EngineGaps.where(EngineGaps.lte(x, alpha), x.zerosLike(), x);
            case ELU -> relu(x).add(OwnMemory.mul(exponentialBelow(x), alpha));
            case CELU ->
                    relu(x).add(OwnMemory.mul(exponentialBelow(OwnMemory.div(x, alpha)), alpha));
            case SELU ->
                    OwnMemory.mul(relu(x).add(OwnMemory.mul(exponentialBelow(x), alpha)), beta);
            case GELU -> gelu(x);
            case GELU_TANH -> geluTanh(x, SQRT_2_OVER_PI);
            case GELU_TANH_OF -> geluTanh(x, alpha);
            case CLIPPED_GELU -> between(gelu(x), alpha, beta);
            case SILU -> x.mul(sigmoid(x));
            case SWISH -> x.mul(sigmoid(OwnMemory.mul(x, alpha)));
            case HARD_SIGMOID -> between(OwnMemory.mul(x, alpha).add(beta), 0, 1);
            case HARD_SWISH -> x.mul(between(OwnMemory.mul(x, alpha).add(beta), 0, 1));
            case HARD_TANH -> between(x, alpha, beta);
            case MISH -> mish(x);
            case SOFTPLUS -> {
                NDArray y = softplus(alpha == 1 ? x : OwnMemory.mul(x, alpha));
                y = alpha == 1 ? y : OwnMemory.div(y, alpha);
                yield beta == Double.POSITIVE_INFINITY
                        ? y
                        : EngineGaps.where(EngineGaps.gt(OwnMemory.mul(x, alpha), beta), x, y);
            }
            case SOFTSIGN -> {
                // Infinity over infinity would be NaN.
                NDArray finite = x.clip(-1e30, 1e30);
                yield finite.div(finite.abs().add(1));
            }
            case LAPLACE ->
                    OwnMemory.mul(OwnMemory.mul(x.sub(alpha), SQRT_HALF / beta).erf().add(1), 0.5);
        };
    }

    static NDArray sigmoid(NDArray x) {
        return Activation.sigmoid(x);
    }

    /** MXNet's own along the last axis is off by 1.4e-6 where 1.2e-7 is one step. */
    static NDArray logSoftmax(NDArray x, int axis) {
        int[] axes = {axis};
        NDArray shifted = x.sub(EngineGaps.constant(x.max(axes, true)));
        return shifted.sub(shifted.exp().sum(axes, true).log());
    }

    /** Slope 0 at 0 on every engine, and NaN stays NaN. */
    private static NDArray relu(NDArray x) {
        return EngineGaps.where(EngineGaps.lte(x, 0), x.zerosLike(), x);
    }

    private static NDArray gelu(NDArray x) {
        return OwnMemory.mul(x, 0.5).mul(OwnMemory.mul(x, SQRT_HALF).erf().add(1));
    }

    private static NDArray geluTanh(NDArray x, double factor) {
        NDArray inner = OwnMemory.mul(x.square(), 0.044715).add(1).mul(x);
        return OwnMemory.mul(x, 0.5).mul(OwnMemory.mul(inner, factor).tanh().add(1));
    }

    /** {@code min(x, upper)}, slope 0 at the bound. */
    static NDArray atMost(NDArray x, double upper) {
        return EngineGaps.where(EngineGaps.gte(x, upper), x.zerosLike().add(upper), x);
    }

    /** {@code min(max(x, lower), upper)}, slope 0 at the bounds. */
    static NDArray between(NDArray x, double lower, double upper) {
        return EngineGaps.where(
                EngineGaps.lte(x, lower), x.zerosLike().add(lower), atMost(x, upper));
    }

    /** {@code min(x, 0)}, slope 1 at 0. */
    private static NDArray below(NDArray x) {
        return EngineGaps.where(EngineGaps.gt(x, 0), x.zerosLike(), x);
    }

    /** {@code e^min(x, 0) - 1 = tanh(m / 2) (e^m + 1)}: of small m, e^m - 1 would lose digits. */
    private static NDArray exponentialBelow(NDArray x) {
        NDArray m = below(x);
        return OwnMemory.mul(m, 0.5).tanh().mul(m.exp().add(1));
    }

    /**
     * {@code max(x, 0) + ln(1 + e^-|x|)}. The second term is the softplus of an argument at or
     * below 0; PyTorch's is x alone above 20.
     */
    private static NDArray softplus(NDArray x) {
        NDArray positive = relu(x);
        NDArray minusMagnitude = below(x).sub(positive);
        return positive.add(EngineGaps.softPlusBelow(minusMagnitude));
    }

    /**
     * {@code tanh(ln(1 + e^x)) = (p^2 + 2 p q) / (p^2 + 2 p q + 2 q^2)} for {@code p / q = e^x}, of
     * which the larger is 1.
     */
    private static NDArray mish(NDArray x) {
        NDArray p = below(x).exp();
        NDArray q = relu(x).neg().exp();
        NDArray n = p.add(OwnMemory.mul(q, 2)).mul(p);
        return x.mul(n.div(OwnMemory.mul(q.square(), 2).add(n)));
    }
}

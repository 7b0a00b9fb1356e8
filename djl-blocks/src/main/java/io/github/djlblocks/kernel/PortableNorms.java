package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/** Normalisation in DJL operations that every engine has and can differentiate. */
interface PortableNorms extends NormKernels {

    @Override
    default NDArray rmsNorm(NDArray x, @Nullable NDArray weight, RmsNormSpec spec) {
        NDArray wide = spec.upcast() ? Precision.widen(x) : x;
        int[] axis = lastAxis(wide);
        NDArray meanSquare = wide.square().mean(axis, true);
        NDArray divisor =
                switch (spec.placement()) {
                    case INSIDE_ROOT -> meanSquare.add(spec.epsilon()).sqrt();
                    case OUTSIDE_ROOT -> root(meanSquare).add(spec.epsilon());
                    // ||x|| = sqrt(n) * rms, so max(||x||, eps) / sqrt(n) = max(rms, eps / sqrt(n))
                    case CLAMPED_NORM ->
                            root(meanSquare)
                                    .maximum(
                                            spec.epsilon()
                                                    / Math.sqrt((double) wide.size(axis[0])));
                };
        NDArray normal = wide.div(divisor);
        if (weight == null) {
            return Precision.narrow(normal, x);
        }
        if (!spec.weightInUpcast()) {
            normal = Precision.narrow(normal, x);
        }
        NDArray factor = weight.toType(normal.getDataType(), false);
        if (spec.unitOffset()) {
            factor = factor.add(1);
        }
        return Precision.narrow(normal.mul(factor), x);
    }

    @Override
    default NDArray layerNorm(
            NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, double epsilon) {
        NDArray wide = Precision.widen(x);
        int[] axis = lastAxis(wide);
        NDArray centred = wide.sub(wide.mean(axis, true));
        NDArray y = centred.div(centred.square().mean(axis, true).add(epsilon).sqrt());
        return Precision.narrow(affine(y, weight, bias), x);
    }

    @Override
    default NDArray dynamicTanh(
            NDArray x, NDArray alpha, @Nullable NDArray weight, @Nullable NDArray bias) {
        NDArray wide = Precision.widen(x);
        NDArray y = wide.mul(alpha.toType(wide.getDataType(), false)).tanh();
        return Precision.narrow(affine(y, weight, bias), x);
    }

    private static NDArray affine(NDArray y, @Nullable NDArray weight, @Nullable NDArray bias) {
        NDArray scaled = weight == null ? y : y.mul(weight.toType(y.getDataType(), false));
        return bias == null ? scaled : scaled.add(bias.toType(y.getDataType(), false));
    }

    /**
     * The square root with slope 0 at 0, as the norms of PyTorch have it: the infinite slope would
     * make the gradient of a row of zeros NaN. FLOAT16, in which squares underflow early, is taken
     * as it is.
     */
    private static NDArray root(NDArray meanSquare) {
        return switch (meanSquare.getDataType()) {
            case FLOAT32 -> meanSquare.maximum(Float.MIN_NORMAL).sqrt();
            case FLOAT64 -> meanSquare.maximum(Double.MIN_NORMAL).sqrt();
            default -> meanSquare.sqrt();
        };
    }

    private static int[] lastAxis(NDArray x) {
        return new int[] {x.getShape().dimension() - 1};
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Normalisation in DJL operations that every engine has and can differentiate. */
interface PortableNorms extends NormKernels {

    @Override
    default NDArray rmsNorm(
            NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, RmsNormSpec spec) {
        NDArray wide = spec.upcast() ? Precision.widen(x) : x;
        NDArray flat = flatten(wide, spec.axes());
        NDArray measured =
                spec.measured() == 0 ? flat : flat.get(new NDIndex("..., :" + spec.measured()));
        int[] axis = lastAxis(measured);
        NDArray meanSquare = measured.square().mean(axis, true);
        NDArray divisor =
                switch (spec.placement()) {
                    case INSIDE_ROOT -> meanSquare.add(spec.epsilon()).sqrt();
                    case OUTSIDE_ROOT -> root(meanSquare).add(spec.epsilon());
                    // ||x|| = sqrt(n) * rms, so max(||x||, eps) / sqrt(n) = max(rms, eps / sqrt(n))
                    case CLAMPED_NORM ->
                            OwnMemory.maximum(
                                    root(meanSquare),
                                    spec.epsilon() / Math.sqrt((double) measured.size(axis[0])));
                };
        NDArray normal = like(flat.div(divisor), x, spec.axes());
        if (!spec.weightInUpcast()) {
            normal = Precision.narrow(normal, x);
        }
        return Precision.narrow(affine(normal, weight, bias, spec.unitOffset()), x);
    }

    @Override
    default NDArray layerNorm(
            NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, LayerNormSpec spec) {
        NDArray flat = flatten(Precision.widen(x), spec.axes());
        NDArray centred = centred(flat);
        int[] axis = lastAxis(flat);
        NDArray variance = centred.square().mean(axis, true);
        if (spec.unbiased()) {
            double n = flat.size(axis[0]);
            variance = OwnMemory.mul(variance, n / (n - 1));
        }
        NDArray divisor =
                switch (spec.placement()) {
                    case INSIDE_ROOT -> variance.add(spec.epsilon()).sqrt();
                    case OUTSIDE_ROOT -> root(variance).add(spec.epsilon());
                };
        NDArray normal = like(centred.div(divisor), x, spec.axes());
        return Precision.narrow(affine(normal, weight, bias, spec.unitOffset()), x);
    }

    @Override
    default NDArray scaleNorm(NDArray x, NDArray gain, double epsilon) {
        NDArray wide = Precision.widen(x);
        NDArray norm = root(wide.square().sum(lastAxis(wide), true));
        return Precision.narrow(
                affine(wide.div(OwnMemory.maximum(norm, epsilon)), gain, null, false), x);
    }

    @Override
    default NDArray groupNorm(
            NDArray x,
            @Nullable NDArray weight,
            @Nullable NDArray bias,
            int groups,
            double epsilon) {
        Shape shape = x.getShape();
        long b = shape.get(0);
        NDArray wide = Precision.widen(x);
        NDArray grouped = wide.reshape(b, groups, shape.size() / (b * groups));
        NDArray normal = layerNorm(grouped, null, null, LayerNormSpec.of(epsilon)).reshape(shape);
        return Precision.narrow(
                affine(normal, alongSecond(weight, x), alongSecond(bias, x), false), x);
    }

    @Override
    default NDArray dynamicTanh(
            NDArray x,
            NDArray alpha,
            @Nullable NDArray weight,
            @Nullable NDArray bias,
            boolean channelsFirst) {
        NDArray wide = Precision.widen(x);
        NDArray y = wide.mul(alpha.toType(wide.getDataType(), false)).tanh();
        NDArray w = channelsFirst ? alongSecond(weight, x) : weight;
        NDArray b = channelsFirst ? alongSecond(bias, x) : bias;
        return Precision.narrow(affine(y, w, b, false), x);
    }

    private static NDArray affine(
            NDArray y, @Nullable NDArray weight, @Nullable NDArray bias, boolean unitOffset) {
        NDArray scaled = y;
        if (weight != null) {
            NDArray factor = weight.toType(y.getDataType(), false);
            scaled = y.mul(unitOffset ? factor.add(1) : factor);
        }
        return bias == null ? scaled : scaled.add(bias.toType(y.getDataType(), false));
    }

    /**
     * The mean of numbers around 1e4 is off by up to 5e-4 in FLOAT32, as their gap is 1e-3, and so
     * would be every deviation from it; the mean of the deviations says by how much.
     */
    private static NDArray centred(NDArray x) {
        int[] axis = lastAxis(x);
        NDArray near = x.sub(x.mean(axis, true));
        return near.sub(near.mean(axis, true));
    }

    /**
     * The square root with slope 0 at 0, as the norms of PyTorch have it: the infinite slope would
     * make the gradient of a row of zeros NaN. FLOAT16, in which squares underflow early, is taken
     * as it is.
     */
    private static NDArray root(NDArray squares) {
        return switch (squares.getDataType()) {
            case FLOAT32 -> OwnMemory.maximum(squares, Float.MIN_NORMAL).sqrt();
            case FLOAT64 -> OwnMemory.maximum(squares, Double.MIN_NORMAL).sqrt();
            default -> squares.sqrt();
        };
    }

    /** (..., a, b) -> (..., a * b): PyTorch takes means over one axis only. */
    private static NDArray flatten(NDArray x, int axes) {
        if (axes == 1) {
            return x;
        }
        Shape shape = x.getShape();
        int kept = shape.dimension() - axes;
        return x.reshape(shape.slice(0, kept).add(shape.slice(kept).size()));
    }

    private static NDArray like(NDArray flat, NDArray x, int axes) {
        return axes == 1 ? flat : flat.reshape(x.getShape());
    }

    /** (C) -> (C, 1, ...), which meets axis 1 of x. */
    private static @Nullable NDArray alongSecond(@Nullable NDArray parameter, NDArray x) {
        if (parameter == null) {
            return null;
        }
        long[] extents = new long[x.getShape().dimension() - 1];
        Arrays.fill(extents, 1);
        extents[0] = parameter.size();
        return parameter.reshape(extents);
    }

    private static int[] lastAxis(NDArray x) {
        return new int[] {x.getShape().dimension() - 1};
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import org.jspecify.annotations.Nullable;

/**
 * The primitives as compositions of DJL operations that every engine has and can differentiate.
 *
 * <p>Arrays derived from the first operand come first in every binary operation: DJL attaches a
 * result to the manager of its left operand, and a parameter there would tie it to the model.
 */
final class PortableKernels implements Kernels {

    static final PortableKernels INSTANCE = new PortableKernels();

    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

    private PortableKernels() {}

    @Override
    public NDArray add(NDArray x, double alpha, NDArray r) {
        if (!x.getShape().equals(r.getShape())) {
            throw new IllegalArgumentException(
                    "cannot add arrays of shapes "
                            + x.getShape()
                            + " and "
                            + r.getShape()
                            + ": a residual keeps the shape of its input");
        }
        return (alpha == 1 ? x : x.mul(alpha)).add(r);
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        Precision.requireMatrixProduct(x);
        return Linear.linear(x, weight, bias).singletonOrThrow();
    }

    @Override
    public NDArray embedding(NDArray ids, NDArray table) {
        long rows = table.getShape().get(0);
        for (long id : HostIntegers.of(ids, "token ids")) {
            if (id < 0 || id >= rows) {
                throw new IllegalArgumentException(
                        "token id "
                                + id
                                + " is outside the embedding table of "
                                + rows
                                + " rows: ids run from 0 to "
                                + (rows - 1));
            }
        }
        return Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
    }

    @Override
    public NDArray rmsNorm(NDArray x, @Nullable NDArray weight, RmsNormSpec spec) {
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
    public NDArray layerNorm(
            NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, double epsilon) {
        NDArray wide = Precision.widen(x);
        int[] axis = lastAxis(wide);
        NDArray centred = wide.sub(wide.mean(axis, true));
        NDArray y = centred.div(centred.square().mean(axis, true).add(epsilon).sqrt());
        return Precision.narrow(affine(y, weight, bias), x);
    }

    @Override
    public NDArray dynamicTanh(
            NDArray x, NDArray alpha, @Nullable NDArray weight, @Nullable NDArray bias) {
        NDArray wide = Precision.widen(x);
        NDArray y = wide.mul(alpha.toType(wide.getDataType(), false)).tanh();
        return Precision.narrow(affine(y, weight, bias), x);
    }

    @Override
    public NDArray activation(NDArray x, ActivationFunction function) {
        NDArray wide = Precision.widen(x);
        NDArray y =
                switch (function) {
                    case SILU -> wide.mul(Activation.sigmoid(wide));
                    case GELU -> wide.mul(0.5).mul(wide.mul(SQRT_HALF).erf().add(1));
                    case GELU_TANH -> {
                        NDArray inner = wide.square().mul(0.044715).add(1).mul(wide);
                        yield wide.mul(0.5).mul(inner.mul(SQRT_2_OVER_PI).tanh().add(1));
                    }
                    case RELU -> Activation.relu(wide);
                    case SIGMOID -> Activation.sigmoid(wide);
                    case TANH -> wide.tanh();
                    case IDENTITY -> wide;
                };
        return Precision.narrow(y, x);
    }

    @Override
    public NDArray gatedActivation(NDArray gate, NDArray up, ActivationFunction function) {
        return activation(gate, function).mul(up);
    }

    @Override
    public NDArray splitHeads(NDArray x, int heads) {
        Shape shape = x.getShape();
        long d = shape.get(2) / heads;
        return x.reshape(shape.get(0), shape.get(1), heads, d).transpose(0, 2, 1, 3);
    }

    @Override
    public NDArray mergeHeads(NDArray x) {
        Shape shape = x.getShape();
        return x.transpose(0, 2, 1, 3)
                .reshape(shape.get(0), shape.get(2), shape.get(1) * shape.get(3));
    }

    @Override
    public NDArray positions(NDArray x, int axis, long past) {
        int length = Math.toIntExact(x.getShape().get(axis));
        long[] positions = new long[length];
        for (int s = 0; s < length; s++) {
            positions[s] = past + s;
        }
        return x.getManager().create(positions, new Shape(1, length));
    }

    @Override
    public RotaryTable rotaryTable(NDArray positions, RotarySpec spec, DataType dataType) {
        return PortableRotary.table(positions, spec, dataType);
    }

    @Override
    public NDArray rotate(NDArray x, RotaryTable table) {
        return PortableRotary.rotate(x, table);
    }

    @Override
    public NDArray paddingMask(NDArray attentionMask) {
        DataType type = attentionMask.getDataType();
        if (type.isFloating()) {
            throw new IllegalArgumentException(
                    "attention mask is "
                            + type
                            + ": expected INT64, INT32 or BOOLEAN, 1 where a token stands and 0"
                            + " where padding stands");
        }
        NDArray keep = type == DataType.BOOLEAN ? attentionMask : attentionMask.neq(0);
        return keep.expandDims(1).expandDims(1);
    }

    @Override
    public NDArray attention(
            NDArray q, NDArray k, NDArray v, @Nullable NDArray mask, AttentionSpec spec) {
        return PortableAttention.attend(q, k, v, mask, spec);
    }

    @Override
    public NDArray appendTime(NDArray past, NDArray next) {
        return past.concat(next, 2);
    }

    @Override
    public NDArray truncateTime(NDArray x, long length) {
        return x.get(new NDIndex(":, :, :" + length + ", :"));
    }

    @Override
    public NDArray lastPosition(NDArray x) {
        long length = x.getShape().get(1);
        return x.get(new NDIndex(":, " + (length - 1) + ":" + length + ", :"));
    }

    @Override
    public NDArray argMax(NDArray x) {
        return x.argMax(x.getShape().dimension() - 1);
    }

    @Override
    public boolean isFinite(NDArray x) {
        // 0 * x is 0 for a number and NaN for anything else; a sum of x itself could overflow.
        return Precision.widen(x).mul(0).sum().eq(0).getBoolean();
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

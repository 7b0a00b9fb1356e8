package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/** Pooling and losses in DJL operations that every engine has and can differentiate. */
interface PortableSequences extends SequenceKernels {

    /** Below every number that matters, and far from overflow. */
    double LOWEST = -1e30;

    @Override
    default NDArray pool(NDArray x, @Nullable NDArray attentionMask, Pooling pooling) {
        long length = x.getShape().get(1);
        if (pooling == Pooling.FIRST) {
            return position(x, 0);
        }
        if (attentionMask == null && pooling == Pooling.LAST) {
            return position(x, length - 1);
        }
        NDArray wide = Precision.widen(x);
        NDArray keep =
                attentionMask == null
                        ? x.getManager().ones(new Shape(1, length), wide.getDataType())
                        : keep(wide, attentionMask);
        NDArray y =
                switch (pooling) {
                    case FIRST -> throw new IllegalStateException("taken above");
                    case LAST -> weightedSum(wide, last(keep));
                    case MAX -> max(wide, keep);
                    case MEAN -> weightedSum(wide, keep).div(count(keep));
                    case MEAN_SQRT_LENGTH -> weightedSum(wide, keep).div(count(keep).sqrt());
                    case WEIGHTED_MEAN -> {
                        NDArray weights = keep.mul(steps(keep));
                        yield weightedSum(wide, weights).div(count(weights));
                    }
                };
        return Precision.narrow(y, x);
    }

    @Override
    default NDArray channel(NDArray x, int channel) {
        Shape shape = x.getShape();
        NDArray slice = x.get(new NDIndex("..., " + channel + ":" + (channel + 1)));
        return slice.reshape(shape.slice(0, shape.dimension() - 1));
    }

    @Override
    default NDArray unitNorm(NDArray x, double epsilon) {
        NDArray wide = Precision.widen(x);
        int[] axis = {wide.getShape().dimension() - 1};
        // The slope of a root is infinite at 0. Bounding its argument keeps gradients of zeros 0;
        // the square of a small epsilon may itself be 0.
        boolean single = wide.getDataType() == DataType.FLOAT32;
        double smallest = single ? Float.MIN_NORMAL : Double.MIN_NORMAL;
        double least = Math.max(epsilon * epsilon, smallest);
        NDArray squares = OwnMemory.maximum(wide.square().sum(axis, true), least);
        NDArray length = OwnMemory.maximum(squares.sqrt(), epsilon);
        return Precision.narrow(wide.div(length), x);
    }

    @Override
    default NDArray crossEntropy(
            NDArray logits, NDArray labels, long ignoredLabel, double smoothing) {
        Shape shape = logits.getShape();
        long classes = shape.get(shape.dimension() - 1);
        long rows = shape.size() / classes;
        if (labels.getShape().size() != rows) {
            throw new IllegalArgumentException(
                    "labels of shape "
                            + labels.getShape()
                            + " do not fit logits of shape "
                            + shape
                            + ": give one for each of the "
                            + rows
                            + " rows");
        }
        NDArray wide = Precision.widen(logits);
        NDArray flat = wide.reshape(rows, classes);
        long[] targets = HostIntegers.of(labels, "labels");
        float[] counts = new float[targets.length];
        int counted = 0;
        for (int row = 0; row < targets.length; row++) {
            if (targets[row] == ignoredLabel) {
                targets[row] = 0;
                continue;
            }
            requireClass(targets[row], classes, ignoredLabel);
            counts[row] = 1;
            counted++;
        }
        NDArray index = OwnMemory.of(logits.getManager().create(targets));
        NDArray keep = OwnMemory.of(logits.getManager().create(counts)).gt(0);
        NDArray logarithms = PortableCurves.logSoftmax(flat, 1);
        NDArray picked = logarithms.get(new NDIndex().addAllDim(1).addPickDim(index)).reshape(rows);
        NDArray logLikelihood =
                smoothing == 0
                        ? picked
                        : OwnMemory.mul(picked, 1 - smoothing)
                                .add(OwnMemory.mul(logarithms.mean(new int[] {1}), smoothing));
        // What is ignored may be minus infinity, which times 0 is NaN.
        NDArray kept = NDArrays.where(keep, logLikelihood, logLikelihood.zerosLike());
        // Divided before it is a scalar: on PyTorch a FLOAT32 scalar by a double is FLOAT64, and a
        // cast back has no gradient.
        NDArray loss = OwnMemory.div(kept, -(double) Math.max(1, counted)).sum();
        return Precision.narrow(loss, logits);
    }

    private static void requireClass(long label, long classes, long ignoredLabel) {
        if (label < 0 || label >= classes) {
            throw new IllegalArgumentException(
                    "label "
                            + label
                            + " is no class: classes run from 0 to "
                            + (classes - 1)
                            + ", and "
                            + ignoredLabel
                            + " is ignored");
        }
    }

    /** (B, S, E) -> (B, E). */
    private static NDArray position(NDArray x, long at) {
        Shape shape = x.getShape();
        return x.get(new NDIndex(":, " + at + ":" + (at + 1) + ", :"))
                .reshape(shape.get(0), shape.get(2));
    }

    private static NDArray keep(NDArray x, NDArray mask) {
        Shape shape = mask.getShape();
        long b = x.getShape().get(0);
        long s = x.getShape().get(1);
        boolean fits =
                shape.dimension() == 2
                        && (shape.get(0) == b || shape.get(0) == 1)
                        && shape.get(1) == s;
        if (!fits) {
            throw new IllegalArgumentException(
                    "attention mask has shape "
                            + shape
                            + ", expected "
                            + new Shape(b, s)
                            + " for x of shape "
                            + x.getShape());
        }
        DataType type = mask.getDataType();
        if (type.isFloating()) {
            throw new IllegalArgumentException(
                    "attention mask is "
                            + type
                            + ": expected INT64, INT32 or BOOLEAN, 1 where a token stands and 0"
                            + " where padding stands");
        }
        NDArray truth = type == DataType.BOOLEAN ? mask : EngineGaps.neq(mask, 0);
        return truth.toType(x.getDataType(), false);
    }

    /** 1 at the last token of each row, 0 elsewhere; steps are exact up to 16,777,216. */
    private static NDArray last(NDArray keep) {
        NDArray steps = keep.mul(steps(keep));
        NDArray latest = steps.max(new int[] {1}, true);
        return steps.eq(latest).toType(keep.getDataType(), false).mul(keep);
    }

    /** 1 to S, (1, S). */
    private static NDArray steps(NDArray keep) {
        long length = keep.getShape().get(1);
        return keep.getManager()
                .arange(1f, length + 1f, 1f)
                .toType(keep.getDataType(), false)
                .reshape(1, length);
    }

    /** The divisor of a mean, (B | 1, 1): at least 1, as each weight is a whole number. */
    private static NDArray count(NDArray weights) {
        return weights.sum(new int[] {1}, true).maximum(1);
    }

    /** (B, S, E), (B | 1, S) -> (B, E). */
    private static NDArray weightedSum(NDArray x, NDArray weights) {
        return x.mul(weights.expandDims(2)).sum(new int[] {1});
    }

    /**
     * Of equal largest ones the first has the gradient, as in {@code torch.max}: MXNet's own
     * maximum gives it to each of them.
     */
    private static NDArray max(NDArray x, NDArray keep) {
        int[] axis = {1};
        NDArray each = keep.expandDims(2);
        NDArray shown = x.mul(each).add(OwnMemory.mul(each.sub(1), -LOWEST));
        NDArray largest = shown.eq(shown.max(axis, true)).toType(x.getDataType(), false);
        // S at the first token, 1 at the last, 0 where it is not the largest
        NDArray fromEnd = steps(keep).neg().add(keep.size(1) + 1).expandDims(2);
        NDArray ranks = largest.mul(fromEnd);
        NDArray first = ranks.eq(ranks.max(axis, true)).toType(x.getDataType(), false);
        NDArray any = keep.max(axis, true);
        return shown.mul(first).sum(axis).mul(any);
    }
}

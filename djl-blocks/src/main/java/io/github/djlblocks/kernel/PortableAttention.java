package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Attention as matrix products and a softmax.
 *
 * <p>Grouped heads are never copied: the query heads that share a key/value head lie next to each
 * other, so (B, H, S, D) is read as (B, K, H/K * S, D) and multiplied with (B, K, D, T) as it is.
 */
final class PortableAttention {

    /**
     * What is added to a score that must not count: far below every real score in float32, far from
     * overflow when two of them are added. With minus infinity a row of nothing else would be NaN.
     */
    private static final double BLOCKED = -1e30;

    private PortableAttention() {}

    static NDArray attend(
            NDArray q, NDArray k, NDArray v, @Nullable NDArray mask, AttentionSpec spec) {
        checkShapes(q.getShape(), k.getShape(), v.getShape());
        Precision.requireMatrixProduct(q);
        NDArray wideQ = Precision.widen(q);
        NDArray wideK = Precision.widen(k);
        NDArray wideV = Precision.widen(v);
        Shape shape = q.getShape();
        long b = shape.get(0);
        long h = shape.get(1);
        long s = shape.get(2);
        long kv = k.getShape().get(1);
        long t = k.getShape().get(2);

        // (B, H, S, D) -> (B, K, H/K * S, D), then the scores back to (B, H, S, T)
        NDArray grouped = wideQ.mul(spec.scale()).reshape(b, kv, h / kv * s, shape.get(3));
        NDArray scores = grouped.matMul(wideK.transpose(0, 1, 3, 2)).reshape(b, h, s, t);
        NDArray bias = bias(q, s, t, mask, spec, new Shape(b, h, s, t), scores.getDataType());
        NDArray weights = (bias == null ? scores : scores.add(bias)).softmax(3);
        NDArray output =
                weights.reshape(b, kv, h / kv * s, t)
                        .matMul(wideV)
                        .reshape(b, h, s, v.getShape().get(3));
        boolean rowsMayBeEmpty = mask != null || (spec.causal() && s > t);
        if (bias != null && rowsMayBeEmpty) {
            // (B | 1, H | 1, S | 1, 1): 0 for a query that may look nowhere
            NDArray looks = bias.max(new int[] {3}, true).gt(BLOCKED / 2);
            output = output.mul(looks.toType(output.getDataType(), false));
        }
        return Precision.narrow(output, q);
    }

    private static @Nullable NDArray bias(
            NDArray q,
            long s,
            long t,
            @Nullable NDArray mask,
            AttentionSpec spec,
            Shape scores,
            DataType dataType) {
        NDArray bias = null;
        if (mask != null) {
            bias = maskBias(mask, scores, dataType);
        }
        // A single query at the end of its keys sees all of them.
        if (spec.causal() && !(s == 1 && t >= 1)) {
            NDArray causal = causalBias(q.getManager(), s, t, dataType);
            bias = bias == null ? causal : bias.add(causal);
        }
        return bias;
    }

    /** Positions are compared as float32: exact up to 16,777,216. */
    private static NDArray causalBias(NDManager manager, long s, long t, DataType dataType) {
        NDArray keys = manager.arange(0f, (float) t, 1f).reshape(1, 1, 1, t);
        NDArray lastSeen = manager.arange(0f, (float) s, 1f).add(t - s).reshape(1, 1, s, 1);
        return blocked(keys.lte(lastSeen).toType(dataType, false));
    }

    private static NDArray maskBias(NDArray mask, Shape scores, DataType dataType) {
        checkBroadcast(mask.getShape(), scores);
        if (mask.getDataType() == DataType.BOOLEAN) {
            return blocked(mask.toType(dataType, false));
        }
        if (!mask.getDataType().isFloating()) {
            throw new IllegalArgumentException(
                    "attention mask is "
                            + mask.getDataType()
                            + ": expected BOOLEAN (true: look) or a floating type (added to the"
                            + " scores)");
        }
        return mask.toType(dataType, false).maximum(BLOCKED);
    }

    /** 1 becomes 0, 0 becomes {@link #BLOCKED}. */
    private static NDArray blocked(NDArray keep) {
        return keep.sub(1).mul(-BLOCKED);
    }

    private static void checkShapes(Shape q, Shape k, Shape v) {
        boolean sameBatch = q.get(0) == k.get(0) && k.get(0) == v.get(0);
        boolean sameKeys = k.get(1) == v.get(1) && k.get(2) == v.get(2);
        if (!sameBatch || !sameKeys || q.get(3) != k.get(3)) {
            throw new IllegalArgumentException(
                    "attention over q "
                            + q
                            + ", k "
                            + k
                            + ", v "
                            + v
                            + ": expected q (B, H, S, D), k (B, K, T, D), v (B, K, T, Dv)");
        }
        if (q.get(1) % k.get(1) != 0) {
            throw new IllegalArgumentException(
                    "queryHeads ("
                            + q.get(1)
                            + ") must be a multiple of keyValueHeads ("
                            + k.get(1)
                            + ")");
        }
    }

    private static void checkBroadcast(Shape mask, Shape scores) {
        boolean fits = mask.dimension() == scores.dimension();
        for (int axis = 0; fits && axis < 4; axis++) {
            fits = mask.get(axis) == 1 || mask.get(axis) == scores.get(axis);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "attention mask "
                            + mask
                            + " does not broadcast to the scores "
                            + scores
                            + " (B, H, S, T)");
        }
    }
}

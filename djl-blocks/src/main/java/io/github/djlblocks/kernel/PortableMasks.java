package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What is added to the scores of attention: masks, causality, windows, biases. */
final class PortableMasks {

    /**
     * What is added to a score that must not count: far below every real score in float32, far from
     * overflow when a few of them are added. With minus infinity a row of nothing else would be
     * NaN.
     */
    static final double BLOCKED = -1e30;

    private PortableMasks() {}

    /** Everything that is added to the scores (B, H, S, T), or null if that is nothing. */
    static @Nullable NDArray bias(AttentionInputs inputs, AttentionSpec spec, NDArray scores) {
        Shape shape = scores.getShape();
        DataType type = scores.getDataType();
        NDArray bias = null;
        if (inputs.mask() != null) {
            bias = added("mask", inputs.mask(), shape, type);
        }
        if (inputs.bias() != null) {
            NDArray given = added("bias", inputs.bias(), shape, type);
            bias = bias == null ? given : given.add(bias);
        }
        NDArray range = range(inputs, spec, shape, type);
        if (range == null) {
            return bias;
        }
        return bias == null ? range : bias.add(range);
    }

    private static NDArray added(String what, NDArray array, Shape scores, DataType dataType) {
        NDArray four = aligned(what, array, scores);
        if (array.getDataType() == DataType.BOOLEAN) {
            return blocked(four.toType(dataType, false));
        }
        if (!array.getDataType().isFloating()) {
            throw new IllegalArgumentException(
                    "attention "
                            + what
                            + " is "
                            + array.getDataType()
                            + ": expected BOOLEAN (true: look) or a floating type (added to the"
                            + " scores)");
        }
        return OwnMemory.maximum(four.toType(dataType, false), BLOCKED);
    }

    /** Fewer axes than four are the last ones, as NumPy broadcasts. */
    private static NDArray aligned(String what, NDArray array, Shape scores) {
        Shape shape = array.getShape();
        int missing = 4 - shape.dimension();
        boolean fits = missing >= 0;
        for (int axis = 0; fits && axis < shape.dimension(); axis++) {
            fits = shape.get(axis) == 1 || shape.get(axis) == scores.get(axis + missing);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "attention "
                            + what
                            + " "
                            + shape
                            + " does not broadcast to the scores "
                            + scores
                            + " (B, H, S, T)");
        }
        if (missing == 0) {
            return array;
        }
        long[] four = new long[4];
        Arrays.fill(four, 0, missing, 1);
        System.arraycopy(shape.getShape(), 0, four, missing, shape.dimension());
        return array.reshape(four);
    }

    /**
     * Causality and window, or null where they hide nothing. Positions are compared as float32:
     * exact up to 16,777,216.
     */
    private static @Nullable NDArray range(
            AttentionInputs inputs, AttentionSpec spec, Shape scores, DataType dataType) {
        long s = scores.get(2);
        long t = scores.get(3);
        NDManager manager = inputs.query().getManager();
        NDArray offsets = inputs.offsets();
        long offset = spec.offset() == null ? t - s : spec.offset();
        boolean causal = spec.causal() && (offsets != null || offset < t - 1);
        boolean left = spec.left() >= 0 && (offsets != null || s - 1 + offset > spec.left());
        boolean right = spec.right() >= 0 && (offsets != null || t - 1 - offset > spec.right());
        if (!causal && !left && !right) {
            return null;
        }
        NDArray keys = manager.arange(0f, (float) t, 1f).reshape(1, 1, 1, t);
        NDArray queries = manager.arange(0f, (float) s, 1f).reshape(1, 1, s, 1);
        if (offsets == null) {
            queries = queries.add(offset);
        } else {
            requireRows(offsets, scores.get(0));
            queries = offsets.toType(DataType.FLOAT32, false).reshape(-1, 1, 1, 1).add(queries);
        }
        NDArray keep = null;
        if (causal) {
            keep = keys.lte(queries).toType(dataType, false);
        }
        if (left) {
            NDArray near = keys.gte(queries.sub(spec.left())).toType(dataType, false);
            if (spec.prefix() > 0) {
                near = near.maximum(EngineGaps.lt(keys, spec.prefix()).toType(dataType, false));
            }
            keep = keep == null ? near : keep.mul(near);
        }
        if (right) {
            NDArray near = keys.lte(queries.add(spec.right())).toType(dataType, false);
            keep = keep == null ? near : keep.mul(near);
        }
        return keep == null ? null : blocked(keep);
    }

    private static void requireRows(NDArray offsets, long batch) {
        if (!offsets.getShape().equals(new Shape(batch))) {
            throw new IllegalArgumentException(
                    "offsets "
                            + offsets.getShape()
                            + " must have one position for each of the "
                            + batch
                            + " rows");
        }
    }

    /** (B) lengths to true where a position is below its row's length, BOOLEAN (B, 1, 1, T). */
    static NDArray lengths(NDArray lengths, long t) {
        NDArray ends = lengths.toType(DataType.FLOAT32, false).reshape(-1, 1, 1, 1);
        NDArray keys = lengths.getManager().arange(0f, (float) t, 1f).reshape(1, 1, 1, t);
        return ends.gt(keys);
    }

    /** Integers of two sides to true where they are equal, BOOLEAN (B, 1, S, T). */
    static NDArray equal(NDArray queries, NDArray keys) {
        long s = queries.getShape().get(1);
        long t = keys.getShape().get(1);
        NDArray rows = queries.toType(DataType.FLOAT32, false).reshape(-1, 1, s, 1);
        return rows.eq(keys.toType(DataType.FLOAT32, false).reshape(-1, 1, 1, t));
    }

    static NDArray and(NDArray a, NDArray b) {
        NDArray both = a.toType(DataType.FLOAT32, false).mul(b.toType(DataType.FLOAT32, false));
        return EngineGaps.gt(both, 0.5);
    }

    /** 1 becomes 0, 0 becomes {@link #BLOCKED}. */
    private static NDArray blocked(NDArray keep) {
        return keep.sub(1).mul(-BLOCKED);
    }
}

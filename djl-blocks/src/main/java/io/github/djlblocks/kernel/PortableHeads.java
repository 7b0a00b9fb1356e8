package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** Heads, masks and attention in DJL operations that every engine has and can differentiate. */
interface PortableHeads extends AttentionKernels {

    @Override
    default NDArray splitHeads(NDArray x, int heads) {
        Shape shape = x.getShape();
        long d = shape.get(2) / heads;
        return x.reshape(shape.get(0), shape.get(1), heads, d).transpose(0, 2, 1, 3);
    }

    @Override
    default NDArray mergeHeads(NDArray x) {
        Shape shape = x.getShape();
        return x.transpose(0, 2, 1, 3)
                .reshape(shape.get(0), shape.get(2), shape.get(1) * shape.get(3));
    }

    @Override
    default NDList splitFusedHeads(
            NDArray x, int queryHeads, int keyValueHeads, FusedHeadLayout layout) {
        long b = x.getShape().get(0);
        long s = x.getShape().get(1);
        int k = keyValueHeads;
        int group = queryHeads / k;
        long d = x.getShape().get(2) / (queryHeads + 2L * k);
        if (layout == FusedHeadLayout.QUERY_KEY_VALUE) {
            NDList parts = splitChannels(x, queryHeads * d, k * d, k * d);
            return new NDList(
                    splitHeads(parts.get(0), queryHeads),
                    splitHeads(parts.get(1), k),
                    splitHeads(parts.get(2), k));
        }
        // (B, S, K * (H/K + 2) * D) -> (B, K, S, (H/K + 2) * D)
        NDArray groups = x.reshape(b, s, k, (group + 2) * d).transpose(0, 2, 1, 3);
        NDList parts = splitChannels(groups, group * d, d, d);
        NDArray queries =
                parts.get(0)
                        .reshape(b, k, s, group, d)
                        .transpose(0, 1, 3, 2, 4)
                        .reshape(b, queryHeads, s, d);
        return new NDList(queries, parts.get(1), parts.get(2));
    }

    @Override
    default NDList splitChannels(NDArray x, long... sizes) {
        NDList parts = new NDList();
        long from = 0;
        for (long size : sizes) {
            parts.add(x.get(new NDIndex("..., " + from + ":" + (from + size))));
            from += size;
        }
        return parts;
    }

    @Override
    default NDArray joinChannels(NDArray a, NDArray b) {
        int last = a.getShape().dimension() - 1;
        Shape wanted = a.getShape().slice(0, last).add(b.getShape().get(last));
        NDArray whole = b.getShape().equals(wanted) ? b : b.broadcast(wanted);
        NDArray joined = a.concat(whole, last);
        return a.getDataType() == DataType.BOOLEAN ? EngineGaps.truth(joined) : joined;
    }

    @Override
    default NDArray headLinear(NDArray x, NDArray weight) {
        Precision.requireMatrixProduct(x);
        return EngineGaps.matMul(x, weight.expandDims(0));
    }

    @Override
    default NDList splitHeadRows(NDArray weight, int heads, int first, int second) {
        long r = weight.getShape().get(1);
        NDArray matrices = weight.reshape(heads, first + second, r);
        return new NDList(
                matrices.get(new NDIndex(":, :" + first + ", :")),
                matrices.get(new NDIndex(":, " + first + ":" + (first + second) + ", :")));
    }

    @Override
    default NDArray transposeLast(NDArray x) {
        int rank = x.getShape().dimension();
        int[] axes = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            axes[axis] = axis;
        }
        axes[rank - 1] = rank - 2;
        axes[rank - 2] = rank - 1;
        return x.transpose(axes);
    }

    @Override
    default NDArray paddingMask(NDArray attentionMask) {
        DataType type = attentionMask.getDataType();
        if (type.isFloating()) {
            throw new IllegalArgumentException(
                    "attention mask is "
                            + type
                            + ": expected INT64, INT32 or BOOLEAN, 1 where a token stands and 0"
                            + " where padding stands");
        }
        NDArray keep = type == DataType.BOOLEAN ? attentionMask : EngineGaps.neq(attentionMask, 0);
        return EngineGaps.truth(keep.expandDims(1).expandDims(1));
    }

    @Override
    default NDArray lengthMask(NDArray lengths, long keys) {
        return PortableMasks.lengths(lengths, keys);
    }

    @Override
    default NDArray pastMask(NDArray x, Past past, NDArray keys) {
        long steps = x.getShape().get(1);
        long[] ends = Arrays.stream(past.lengths()).map(row -> row + steps).toArray();
        NDArray lengths = OwnMemory.of(x.getManager().create(ends));
        return PortableMasks.lengths(lengths, keys.getShape().get(2));
    }

    @Override
    default NDArray offsets(NDArray x, Past past) {
        return OwnMemory.of(x.getManager().create(past.lengths()));
    }

    @Override
    default NDArray heldColumns(NDArray mask, NDArray keys, Past passed, NDArray x, int prefix) {
        long all = passed.longest() + x.getShape().get(1);
        long held = keys.getShape().get(2);
        Shape shape = mask.getShape();
        if (held == all || shape.get(shape.dimension() - 1) != all) {
            return mask;
        }
        if (prefix == 0) {
            return splitChannels(mask, all - held, held).get(1);
        }
        NDList parts = splitChannels(mask, prefix, all - held, held - prefix);
        return joinChannels(parts.get(0), parts.get(2));
    }

    @Override
    default NDArray segmentMask(NDArray queries, NDArray keys) {
        return PortableMasks.equal(queries, keys);
    }

    @Override
    default NDArray bothMasks(NDArray a, NDArray b) {
        return PortableMasks.and(a, b);
    }

    @Override
    default AttentionOutput attention(AttentionInputs inputs, AttentionSpec spec) {
        return PortableAttention.attend(inputs, spec);
    }
}

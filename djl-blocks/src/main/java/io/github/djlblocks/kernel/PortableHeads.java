package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/** Heads, masks and time in DJL operations that every engine has and can differentiate. */
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
    default NDArray paddingMask(NDArray attentionMask) {
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
    default NDArray attention(
            NDArray q, NDArray k, NDArray v, @Nullable NDArray mask, AttentionSpec spec) {
        return PortableAttention.attend(q, k, v, mask, spec);
    }

    @Override
    default NDArray appendTime(NDArray past, NDArray next) {
        return past.concat(next, 2);
    }

    @Override
    default NDArray truncateTime(NDArray x, long length) {
        return x.get(new NDIndex(":, :, :" + length + ", :"));
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** The time axis of caches in DJL operations that every engine has. */
interface PortableCaches extends CacheKernels {

    @Override
    default NDArray appendTime(NDArray past, NDArray next) {
        return EngineGaps.scoped(past.concat(next, 2));
    }

    @Override
    default NDArray sliceTime(NDArray x, long from, long to) {
        return EngineGaps.scoped(x.get(new NDIndex(":, :, " + from + ":" + to + ", :")));
    }

    @Override
    default NDArray newTimeBuffer(NDArray like, long capacity) {
        Shape shape = like.getShape();
        Shape room = new Shape(shape.get(0), shape.get(1), capacity, shape.get(3));
        return like.getManager().zeros(room, like.getDataType());
    }

    @Override
    default void writeTime(NDArray buffer, NDArray next, long... at) {
        if (!EngineGaps.writes(buffer)) {
            StandIns.writeTime(buffer, next, at);
            return;
        }
        long steps = next.getShape().get(2);
        if (Arrays.stream(at).distinct().count() == 1) {
            buffer.set(new NDIndex(":, :, " + at[0] + ":" + (at[0] + steps) + ", :"), next);
            return;
        }
        for (int row = 0; row < at.length; row++) {
            String rows = row + ":" + (row + 1) + ", :";
            NDArray one = next.get(new NDIndex(rows + ", :, :"));
            buffer.set(new NDIndex(rows + ", " + at[row] + ":" + (at[row] + steps) + ", :"), one);
        }
    }

    @Override
    default NDArray selectRows(NDArray x, int... rows) {
        NDList parts = new NDList();
        for (int row : rows) {
            parts.add(EngineGaps.scoped(x.get(new NDIndex(row + ":" + (row + 1)))));
        }
        return parts.size() == 1 ? parts.get(0) : NDArrays.concat(parts, 0);
    }
}

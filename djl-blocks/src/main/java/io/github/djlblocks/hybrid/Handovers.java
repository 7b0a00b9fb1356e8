package io.github.djlblocks.hybrid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/** Copies arrays from engine to engine and counts them. */
final class Handovers {

    /** What every engine holds; others end the process on PyTorch. */
    private static final Set<DataType> TYPES =
            EnumSet.of(
                    DataType.FLOAT64,
                    DataType.FLOAT32,
                    DataType.FLOAT16,
                    DataType.INT64,
                    DataType.INT32,
                    DataType.INT8,
                    DataType.UINT8,
                    DataType.BOOLEAN);

    private final LongAdder arrays = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    HandoverCount count() {
        return new HandoverCount(arrays.sum(), bytes.sum());
    }

    /** Copies of arrays, with their names, that belong to a manager. */
    NDList all(NDList list, NDManager target) {
        NDList copies = new NDList();
        boolean whole = false;
        try {
            for (NDArray array : list) {
                copies.add(copy(array, target));
            }
            whole = true;
            return copies;
        } finally {
            if (!whole) {
                copies.close();
            }
        }
    }

    private NDArray copy(NDArray array, NDManager target) {
        DataType type = array.getDataType();
        if (!TYPES.contains(type)) {
            throw new IllegalArgumentException(
                    "an array of "
                            + type
                            + " "
                            + array.getShape()
                            + " cannot be handed over to engine "
                            + target.getEngine().getEngineName()
                            + ": cast it to one of "
                            + TYPES);
        }
        ByteBuffer values = array.toByteBuffer();
        arrays.increment();
        bytes.add(values.remaining());
        // PyTorch lays an array over the buffer, which autograd does not keep.
        try (NDArray over = target.create(values, array.getShape(), type)) {
            NDArray copy = over.duplicate();
            copy.attach(target);
            copy.setName(array.getName());
            return copy;
        }
    }
}

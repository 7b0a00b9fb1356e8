package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;

/** Small integer arrays read to the host. */
final class HostIntegers {

    private HostIntegers() {}

    static long[] of(NDArray array, String what) {
        require(array, what);
        return array.getDataType() == DataType.INT64
                ? array.toLongArray()
                : Arrays.stream(array.toIntArray()).asLongStream().toArray();
    }

    static void require(NDArray array, String what) {
        if (array.getDataType() != DataType.INT64 && array.getDataType() != DataType.INT32) {
            throw new IllegalArgumentException(
                    what
                            + " are "
                            + array.getDataType()
                            + " of shape "
                            + array.getShape()
                            + ": expected INT64 or INT32");
        }
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;

/** Small integer arrays read to the host. */
final class HostIntegers {

    private HostIntegers() {}

    static long[] of(NDArray array, String what) {
        return switch (array.getDataType()) {
            case INT64 -> array.toLongArray();
            case INT32 -> Arrays.stream(array.toIntArray()).asLongStream().toArray();
            default ->
                    throw new IllegalArgumentException(
                            what
                                    + " are "
                                    + array.getDataType()
                                    + " of shape "
                                    + array.getShape()
                                    + ": expected INT64 or INT32");
        };
    }
}

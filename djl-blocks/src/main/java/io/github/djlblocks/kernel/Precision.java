package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Where 16-bit arrays are widened and narrowed again, and where an engine cannot take them. */
final class Precision {

    private Precision() {}

    /** FLOAT16 becomes FLOAT32; anything else stays the array it is. */
    static NDArray widen(NDArray x) {
        return x.getDataType() == DataType.FLOAT16 ? x.toType(DataType.FLOAT32, false) : x;
    }

    /** Casts back to the type of {@code like}. */
    static NDArray narrow(NDArray y, NDArray like) {
        return y.toType(like.getDataType(), false);
    }

    /**
     * MXNet on a CPU multiplies no FLOAT16 matrices, and says so only when the result is read, long
     * after the call that was wrong.
     */
    static void requireMatrixProduct(NDArray x) {
        if (x.getDataType() == DataType.FLOAT16
                && !x.getDevice().isGpu()
                && "MXNet".equals(x.getManager().getEngine().getEngineName())) {
            throw new IllegalArgumentException(
                    "engine MXNet on device "
                            + x.getDevice()
                            + " has no matrix product for FLOAT16: use FLOAT32, or engine PyTorch");
        }
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.format.WeightFormat;

/** The arrays of codes and scales that weights (out, in) are packed into before kernels do. */
final class StoredShapes {

    private StoredShapes() {}

    /** The type of codes; bfloat16 goes by the name of FLOAT16. */
    static DataType type(WeightFormat format) {
        return switch (format.bits()) {
            case 4 -> DataType.UINT8;
            case 8 -> DataType.INT8;
            case 16 -> DataType.FLOAT16;
            default -> DataType.FLOAT32;
        };
    }

    static Shape codes(WeightFormat format, int out, int in) {
        return new Shape(out, format.bits() == 4 ? in / 2 : in);
    }

    static Shape scales(WeightFormat format, int out, int in) {
        if (format.group() > 0) {
            return new Shape(in / format.group(), out, 2);
        }
        return new Shape(format.bits() == 8 ? out : 1);
    }
}

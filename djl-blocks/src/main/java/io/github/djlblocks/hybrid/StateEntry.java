package io.github.djlblocks.hybrid;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.StoredType;
import org.jspecify.annotations.Nullable;

/**
 * A tensor of a module's {@code state_dict}.
 *
 * @param path its name there
 * @param isParameter whether it is a parameter, not a buffer
 * @param type its type, or null for one that is not kept in checkpoints, as quantized ones
 * @param shape its shape
 * @param sameAs the path of an earlier entry that is the same tensor, or null
 */
record StateEntry(
        String path,
        boolean isParameter,
        @Nullable StoredType type,
        Shape shape,
        @Nullable String sameAs) {

    /** The type DJL's engine has for it, or null: other types end the process there. */
    @Nullable DataType dataType() {
        if (type == null) {
            return null;
        }
        return switch (type) {
            case F64 -> DataType.FLOAT64;
            case F32 -> DataType.FLOAT32;
            case F16 -> DataType.FLOAT16;
            case I64 -> DataType.INT64;
            case I32 -> DataType.INT32;
            case I8 -> DataType.INT8;
            case U8 -> DataType.UINT8;
            case BOOL -> DataType.BOOLEAN;
            case BF16, I16 -> null;
        };
    }

    /** Whether it is a parameter that can have a gradient and that DJL can hold. */
    boolean isTrainable() {
        return isParameter && type != null && type.isFloating() && dataType() != null;
    }

    String describe() {
        return path + " " + (type == null ? "of another type" : type) + " " + shape;
    }

    static @Nullable StoredType type(String storage) {
        return switch (storage) {
            case "DoubleStorage" -> StoredType.F64;
            case "FloatStorage" -> StoredType.F32;
            case "HalfStorage" -> StoredType.F16;
            case "BFloat16Storage" -> StoredType.BF16;
            case "LongStorage" -> StoredType.I64;
            case "IntStorage" -> StoredType.I32;
            case "ShortStorage" -> StoredType.I16;
            case "CharStorage" -> StoredType.I8;
            case "ByteStorage" -> StoredType.U8;
            case "BoolStorage" -> StoredType.BOOL;
            default -> null;
        };
    }
}

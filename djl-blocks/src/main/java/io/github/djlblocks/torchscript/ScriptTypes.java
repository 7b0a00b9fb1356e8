package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;

/**
 * How types are named in TorchScript, and which one stands for FLOAT32: itself, or bfloat16 where
 * activations are to be in that.
 */
enum ScriptTypes {
    FLOAT32(6),
    BFLOAT16(15);

    private final int single;

    ScriptTypes(int single) {
        this.single = single;
    }

    /** The type of what is FLOAT32 in a graph. */
    int single() {
        return single;
    }

    /** Whether arrays are converted where they come in and go out. */
    boolean converts(DataType type) {
        return type == DataType.FLOAT32 && single != 6;
    }

    /** The type in a graph of what a cache holds: bfloat16 lies there as FLOAT16. */
    DataType held(DataType type) {
        return type == DataType.FLOAT16 && single != 6 ? DataType.FLOAT32 : type;
    }

    int code(DataType type) {
        return type == DataType.FLOAT32 ? single : plain(type);
    }

    /** The number of a type as in {@code c10::ScalarType}. */
    static int plain(DataType type) {
        return switch (type) {
            case UINT8 -> 0;
            case INT8 -> 1;
            case INT32 -> 3;
            case INT64 -> 4;
            case FLOAT16 -> 5;
            case FLOAT32 -> 6;
            case FLOAT64 -> 7;
            case BOOLEAN -> 11;
            default ->
                    throw new UnsupportedOperationException(
                            "arrays of " + type + " cannot be compiled: cast them first");
        };
    }
}

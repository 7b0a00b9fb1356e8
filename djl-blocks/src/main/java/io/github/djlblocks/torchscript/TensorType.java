package io.github.djlblocks.torchscript;

/** What the elements of a stored tensor are, little-endian in the file. */
enum TensorType {
    FLOAT32(4, "FloatStorage"),
    FLOAT16(2, "HalfStorage"),
    BFLOAT16(2, "BFloat16Storage"),
    FLOAT64(8, "DoubleStorage"),
    INT64(8, "LongStorage"),
    INT32(4, "IntStorage"),
    INT8(1, "CharStorage"),
    UINT8(1, "ByteStorage"),
    /** One byte an element, 0 or 1. */
    BOOL(1, "BoolStorage");

    private final int byteSize;
    private final String storageClass;

    TensorType(int byteSize, String storageClass) {
        this.byteSize = byteSize;
        this.storageClass = storageClass;
    }

    int byteSize() {
        return byteSize;
    }

    /** The class of package {@code torch} that a pickle names for it. */
    String storageClass() {
        return storageClass;
    }

    boolean isFloating() {
        return this == FLOAT32 || this == FLOAT16 || this == BFLOAT16 || this == FLOAT64;
    }
}

package io.github.djlblocks.checkpoint;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The element types of a safetensors file that can be read and written here. */
public enum StoredType {
    /** IEEE 754 binary64. */
    F64(8),
    /** IEEE 754 binary32. */
    F32(4),
    /** IEEE 754 binary16. */
    F16(2),
    /** The upper half of a binary32. */
    BF16(2),
    /** Signed 64-bit integer. */
    I64(8),
    /** Signed 32-bit integer. */
    I32(4),
    /** Signed 16-bit integer. */
    I16(2),
    /** Signed 8-bit integer. */
    I8(1),
    /** Unsigned 8-bit integer. */
    U8(1),
    /** One byte a value; 0 is false, every other byte true. */
    BOOL(1);

    private final int byteSize;

    StoredType(int byteSize) {
        this.byteSize = byteSize;
    }

    /**
     * Returns the size of one element.
     *
     * @return the size in bytes
     */
    public int byteSize() {
        return byteSize;
    }

    /**
     * Returns whether this is a floating-point type.
     *
     * @return true for F64, F32, F16 and BF16
     */
    public boolean isFloating() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }

    static @Nullable StoredType named(String name) {
        for (StoredType type : values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }

    /** The integer range, lowest value first; integers and booleans only. */
    long[] range() {
        return switch (this) {
            case I64 -> new long[] {Long.MIN_VALUE, Long.MAX_VALUE};
            case I32 -> new long[] {Integer.MIN_VALUE, Integer.MAX_VALUE};
            case I16 -> new long[] {Short.MIN_VALUE, Short.MAX_VALUE};
            case I8 -> new long[] {Byte.MIN_VALUE, Byte.MAX_VALUE};
            case U8 -> new long[] {0, 255};
            case BOOL -> new long[] {0, 1};
            case F64, F32, F16, BF16 ->
                    throw new IllegalStateException(
                            String.format(Locale.ROOT, "%s is not an integer type", this));
        };
    }
}

package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.internal.SmallFloats;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** Which stored type can be read as which {@link DataType}, and the conversion itself. */
final class Conversions {

    private static final Map<StoredType, Set<DataType>> READABLE = readable();

    private Conversions() {}

    private static Map<StoredType, Set<DataType>> readable() {
        Set<DataType> floats = EnumSet.of(DataType.FLOAT64, DataType.FLOAT32, DataType.FLOAT16);
        Set<DataType> small = EnumSet.of(DataType.INT32, DataType.INT64);
        small.addAll(floats);
        Map<StoredType, Set<DataType>> map = new EnumMap<>(StoredType.class);
        for (StoredType type : StoredType.values()) {
            map.put(
                    type,
                    switch (type) {
                        case F64, F32, F16, BF16 -> floats;
                        case I64 -> EnumSet.of(DataType.INT64);
                        case I32 -> EnumSet.of(DataType.INT32, DataType.INT64, DataType.FLOAT64);
                        case I16 ->
                                EnumSet.of(
                                        DataType.INT32,
                                        DataType.INT64,
                                        DataType.FLOAT32,
                                        DataType.FLOAT64);
                        case I8 -> with(small, DataType.INT8);
                        case U8 -> with(small, DataType.UINT8);
                        case BOOL -> with(small, DataType.BOOLEAN, DataType.UINT8, DataType.INT8);
                    });
        }
        return map;
    }

    private static Set<DataType> with(Set<DataType> base, DataType... more) {
        Set<DataType> set = EnumSet.copyOf(base);
        set.addAll(Set.of(more));
        return set;
    }

    static Set<DataType> readableAs(StoredType from) {
        Set<DataType> types = READABLE.get(from);
        if (types == null) {
            throw new IllegalStateException("no conversions listed for " + from);
        }
        return types;
    }

    static void check(TensorInfo info, DataType to) {
        if (!readableAs(info.type()).contains(to)) {
            throw new IllegalArgumentException(refusal(info, to));
        }
    }

    static String refusal(TensorInfo info, DataType to) {
        return "tensor '"
                + info.name()
                + "' is stored as "
                + info.type()
                + " and cannot be read as "
                + to
                + ": ask for one of "
                + readableAs(info.type());
    }

    /**
     * Converts every element of {@code source}, which is little-endian and as long as {@code
     * target} has room for; {@code target} is in native order and gets filled from its start.
     */
    static void convert(StoredType from, ByteBuffer source, DataType to, ByteBuffer target) {
        int count = source.remaining() / from.byteSize();
        if (from == StoredType.BF16 && to == DataType.FLOAT32) {
            ShortBuffer in = source.asShortBuffer();
            IntBuffer out = target.asIntBuffer();
            for (int i = 0; i < count; i++) {
                out.put(i, in.get(i) << 16);
            }
        } else if (from == StoredType.F16 && to == DataType.FLOAT32) {
            ShortBuffer in = source.asShortBuffer();
            IntBuffer out = target.asIntBuffer();
            for (int i = 0; i < count; i++) {
                out.put(i, SmallFloats.halfToFloatBits(in.get(i)));
            }
        } else if (sameBits(from, to)) {
            switch (from.byteSize()) {
                case 8 -> target.asLongBuffer().put(source.asLongBuffer());
                case 4 -> target.asIntBuffer().put(source.asIntBuffer());
                case 2 -> target.asShortBuffer().put(source.asShortBuffer());
                default -> target.duplicate().put(source.duplicate());
            }
        } else {
            for (int i = 0; i < count; i++) {
                store(to, target, i, load(from, source, i));
            }
        }
    }

    /** Converts the first {@code count} elements of little-endian {@code source}. */
    static void toFloats(
            StoredType from, ByteBuffer source, float[] target, int offset, int count) {
        switch (from) {
            case F32 -> source.asFloatBuffer().get(target, offset, count);
            case BF16 -> {
                ShortBuffer in = source.asShortBuffer();
                for (int i = 0; i < count; i++) {
                    target[offset + i] = SmallFloats.bfloat16ToFloat(in.get(i));
                }
            }
            case F16 -> {
                ShortBuffer in = source.asShortBuffer();
                for (int i = 0; i < count; i++) {
                    target[offset + i] = SmallFloats.halfToFloat(in.get(i));
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    target[offset + i] = (float) load(from, source, i);
                }
            }
        }
    }

    private static boolean sameBits(StoredType from, DataType to) {
        return switch (from) {
            case F64 -> to == DataType.FLOAT64;
            case F32 -> to == DataType.FLOAT32;
            case F16 -> to == DataType.FLOAT16;
            case I64 -> to == DataType.INT64;
            case I32 -> to == DataType.INT32;
            case I8 -> to == DataType.INT8;
            case U8 -> to == DataType.UINT8;
            case BF16, I16, BOOL -> false;
        };
    }

    /** The element as a double: exact for all types but I64. */
    static double load(StoredType from, ByteBuffer source, int index) {
        int at = source.position() + index * from.byteSize();
        return switch (from) {
            case F64 -> source.getDouble(at);
            case F32 -> source.getFloat(at);
            case F16 -> SmallFloats.halfToFloat(source.getShort(at));
            case BF16 -> SmallFloats.bfloat16ToFloat(source.getShort(at));
            case I64 -> source.getLong(at);
            case I32 -> source.getInt(at);
            case I16 -> source.getShort(at);
            case I8 -> source.get(at);
            case U8 -> source.get(at) & 0xFF;
            case BOOL -> source.get(at) == 0 ? 0 : 1;
        };
    }

    private static void store(DataType to, ByteBuffer target, int index, double value) {
        int at = target.position() + index * to.getNumOfBytes();
        switch (to) {
            case FLOAT64 -> target.putDouble(at, value);
            case FLOAT32 -> {
                float narrowed = (float) value;
                requireInRange(value, Float.isInfinite(narrowed), "FLOAT32: read it as FLOAT64");
                target.putFloat(at, narrowed);
            }
            case FLOAT16 -> {
                short narrowed = SmallFloats.doubleToHalf(value);
                boolean infinite = Float.isInfinite(SmallFloats.halfToFloat(narrowed));
                requireInRange(value, infinite, "FLOAT16: read it as FLOAT32");
                target.putShort(at, narrowed);
            }
            case INT64 -> target.putLong(at, (long) value);
            case INT32 -> target.putInt(at, (int) value);
            case INT8, UINT8, BOOLEAN -> target.put(at, (byte) (int) value);
            default -> throw new IllegalStateException("no conversion to " + to);
        }
    }

    /** An infinity in the file is one in the array; a number must not become one. */
    private static void requireInRange(double value, boolean infinite, String type) {
        if (infinite && !Double.isInfinite(value)) {
            throw new ArithmeticException(value + ", which is beyond " + type);
        }
    }
}

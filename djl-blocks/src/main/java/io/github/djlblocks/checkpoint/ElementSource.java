package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.SmallFloats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Values on their way into a file, piece by piece. */
abstract class ElementSource {

    private static final int PIECE = 1 << 20;

    /** Takes encoded bytes; the buffer is reused afterwards. */
    interface Sink {
        void accept(ByteBuffer bytes) throws IOException;
    }

    abstract long size();

    /**
     * Puts the elements from {@code start} into {@code target}, which has room for {@code count}.
     */
    abstract void encode(String name, StoredType type, long start, int count, ByteBuffer target);

    void encode(String name, StoredType type, Sink sink) throws IOException {
        int piece = (int) Math.min(PIECE, size());
        ByteBuffer buffer =
                ByteBuffer.allocate(piece * type.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        for (long start = 0; start < size(); start += piece) {
            buffer.clear();
            encode(name, type, start, (int) Math.min(piece, size() - start), buffer);
            sink.accept(buffer.flip());
        }
    }

    static ElementSource of(double[] values) {
        return new ElementSource() {
            @Override
            long size() {
                return values.length;
            }

            @Override
            void encode(String name, StoredType type, long start, int count, ByteBuffer target) {
                for (int i = (int) start; i < start + count; i++) {
                    put(name, type, i, values[i], target);
                }
            }
        };
    }

    static ElementSource of(NDArray array) {
        return new ElementSource() {
            @Override
            long size() {
                return array.size();
            }

            @Override
            void encode(String name, StoredType type, Sink sink) throws IOException {
                // Once, not for every piece: MXNet's reshape copies.
                try (NDArray flat = array.reshape(new Shape(array.size()))) {
                    flat(flat).encode(name, type, sink);
                }
            }

            @Override
            void encode(String name, StoredType type, long start, int count, ByteBuffer target) {
                throw new IllegalStateException("encoded as a flat array");
            }
        };
    }

    /** A matrix with rows and columns exchanged. */
    static ElementSource turned(NDArray matrix) {
        return new ElementSource() {
            @Override
            long size() {
                return matrix.size();
            }

            @Override
            void encode(String name, StoredType type, Sink sink) throws IOException {
                try (NDArray turned = matrix.transpose()) {
                    of(turned).encode(name, type, sink);
                }
            }

            @Override
            void encode(String name, StoredType type, long start, int count, ByteBuffer target) {
                throw new IllegalStateException("encoded as a flat array");
            }
        };
    }

    private static ElementSource flat(NDArray array) {
        StoredType from = storedType(array.getDataType());
        return new ElementSource() {
            @Override
            long size() {
                return array.size();
            }

            @Override
            void encode(String name, StoredType type, long start, int count, ByteBuffer target) {
                ByteBuffer source = bytes(array, start, count).order(ByteOrder.nativeOrder());
                for (int i = 0; i < count; i++) {
                    if (from == type) {
                        copy(from, source, i, target);
                    } else {
                        put(name, type, start + i, Conversions.load(from, source, i), target);
                    }
                }
            }
        };
    }

    private static ByteBuffer bytes(NDArray array, long start, int count) {
        if (count == array.size()) {
            return array.toByteBuffer();
        }
        try (NDArray part = array.get(new NDIndex().addSliceDim(start, start + count))) {
            return part.toByteBuffer();
        }
    }

    static StoredType storedType(DataType type) {
        return switch (type) {
            case FLOAT64 -> StoredType.F64;
            case FLOAT32 -> StoredType.F32;
            case FLOAT16 -> StoredType.F16;
            case INT64 -> StoredType.I64;
            case INT32 -> StoredType.I32;
            case INT8 -> StoredType.I8;
            case UINT8 -> StoredType.U8;
            case BOOLEAN -> StoredType.BOOL;
            default ->
                    throw new IllegalArgumentException(
                            "an array of "
                                    + type
                                    + " cannot be stored: cast it to FLOAT32 or INT64 first");
        };
    }

    private static void copy(StoredType type, ByteBuffer source, int index, ByteBuffer target) {
        int at = source.position() + index * type.byteSize();
        switch (type.byteSize()) {
            case 8 -> target.putLong(source.getLong(at));
            case 4 -> target.putInt(source.getInt(at));
            case 2 -> target.putShort(source.getShort(at));
            default -> target.put(source.get(at));
        }
    }

    private static void put(
            String name, StoredType type, long index, double value, ByteBuffer target) {
        switch (type) {
            case F64 -> target.putDouble(value);
            case F32 -> target.putFloat((float) value);
            case F16 -> target.putShort(SmallFloats.doubleToHalf(value));
            case BF16 -> target.putShort(SmallFloats.doubleToBfloat16(value));
            case I64 -> target.putLong(whole(name, type, index, value));
            case I32 -> target.putInt((int) whole(name, type, index, value));
            case I16 -> target.putShort((short) whole(name, type, index, value));
            case I8, U8, BOOL -> target.put((byte) whole(name, type, index, value));
        }
    }

    private static long whole(String name, StoredType type, long index, double value) {
        long[] range = type.range();
        long whole = (long) value;
        if (whole != value || value == 0x1p63 || whole < range[0] || whole > range[1]) {
            throw new IllegalArgumentException(
                    "value "
                            + value
                            + " at index "
                            + index
                            + " of tensor '"
                            + name
                            + "' is no "
                            + type
                            + " (integers from "
                            + range[0]
                            + " to "
                            + range[1]
                            + "): store it as F32 or F64");
        }
        return whole;
    }
}

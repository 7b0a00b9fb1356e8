package io.github.djlblocks.torchscript;

import java.io.ByteArrayOutputStream;

/** Bytes put together from numbers, lowest byte first. */
final class LittleEndian {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    LittleEndian int8(int value) {
        out.write(value);
        return this;
    }

    LittleEndian int16(int value) {
        return int8(value).int8(value >>> Byte.SIZE);
    }

    LittleEndian int32(int value) {
        return int16(value).int16(value >>> Short.SIZE);
    }

    LittleEndian int64(long value) {
        return int32((int) value).int32((int) (value >>> Integer.SIZE));
    }

    LittleEndian bytes(byte[] value) {
        out.writeBytes(value);
        return this;
    }

    int size() {
        return out.size();
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}

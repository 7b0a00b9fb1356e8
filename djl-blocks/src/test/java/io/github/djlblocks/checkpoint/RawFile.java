package io.github.djlblocks.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Safetensors files put together by hand, sound or not. */
final class RawFile {

    private RawFile() {}

    static Path write(Path path, String header, byte[] data) throws IOException {
        return write(path, header.getBytes(StandardCharsets.UTF_8), data);
    }

    static Path write(Path path, byte[] header, byte[] data) throws IOException {
        return Files.write(
                path,
                ByteBuffer.allocate(8 + header.length + data.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(header.length)
                        .put(header)
                        .put(data)
                        .array());
    }

    static String tensor(String name, String dtype, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, dtype, shape, begin, end);
    }

    static byte[] shorts(int... patterns) {
        ByteBuffer buffer = ByteBuffer.allocate(2 * patterns.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int pattern : patterns) {
            buffer.putShort((short) pattern);
        }
        return buffer.array();
    }
}

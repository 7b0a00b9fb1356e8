package io.github.djlblocks.hybrid;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes of a known number. */
final class Streams {

    private static final int BUFFER = 1 << 16;

    private Streams() {}

    /**
     * Copies bytes into a file, and leaves what follows them.
     *
     * @throws EOFException if there are fewer
     */
    static void copy(InputStream in, Path file, long size) throws IOException {
        byte[] buffer = new byte[BUFFER];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long rest = size; rest > 0; ) {
                int read = in.read(buffer, 0, (int) Math.min(BUFFER, rest));
                if (read < 0) {
                    throw new EOFException(
                            "what was saved ends " + rest + " bytes before the module does");
                }
                out.write(buffer, 0, read);
                rest -= read;
            }
        }
    }
}

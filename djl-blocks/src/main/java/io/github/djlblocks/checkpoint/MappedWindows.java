package io.github.djlblocks.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A file of any size as read-only memory, mapped window by window when first touched.
 *
 * <p>A {@link ByteBuffer} ends at 2^31 - 1 bytes. Windows start every {@code windowBytes} and reach
 * {@code maxSlice} bytes into the next one, so each slice lies whole in the window it starts in.
 * Java 17 has no way to unmap: the windows go when they are collected after {@link #close}.
 */
final class MappedWindows implements AutoCloseable {

    private final Path path;
    private final FileChannel channel;
    private final long size;
    private final long windowBytes;
    private final int maxSlice;
    private final @Nullable MappedByteBuffer[] windows;

    MappedWindows(Path path, long windowBytes, int maxSlice) throws IOException {
        this.path = path;
        this.channel = FileChannel.open(path, StandardOpenOption.READ);
        this.size = channel.size();
        this.windowBytes = windowBytes;
        this.maxSlice = maxSlice;
        this.windows = new MappedByteBuffer[(int) ((size + windowBytes - 1) / windowBytes)];
    }

    long size() {
        return size;
    }

    /**
     * Returns part of the file, little-endian.
     *
     * @throws IllegalStateException if the file is closed or has been cut since it was opened:
     *     touching a page behind its end would be a fault of the processor, not an exception
     */
    ByteBuffer slice(long position, int length) {
        if (length > maxSlice || position < 0 || position > size - length) {
            throw new IllegalArgumentException(
                    "slice of " + length + " bytes at " + position + " in " + path);
        }
        if (!channel.isOpen()) {
            throw new IllegalStateException(path + " is closed: read tensors before close()");
        }
        try {
            if (channel.size() < size) {
                throw new IllegalStateException(
                        path
                                + " had "
                                + size
                                + " bytes when it was opened and has "
                                + channel.size()
                                + " now: do not write to a checkpoint in use; open it again");
            }
            int index = (int) (position / windowBytes);
            long start = index * windowBytes;
            MappedByteBuffer window = windows[index];
            if (window == null) {
                long end = Math.min(size, start + windowBytes + maxSlice);
                window = channel.map(FileChannel.MapMode.READ_ONLY, start, end - start);
                windows[index] = window;
            }
            return window.slice((int) (position - start), length).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    /**
     * Reads part of the file into a buffer, as much as it has room for.
     *
     * @throws IllegalStateException if the file is closed or ends before
     */
    void read(long position, ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, position + bytes.position()) < 0) {
                    throw new IllegalStateException(
                            path
                                    + " had "
                                    + size
                                    + " bytes when it was opened and has fewer now: do not write"
                                    + " to a checkpoint in use; open it again");
                }
            }
        } catch (ClosedChannelException e) {
            throw new IllegalStateException(path + " is closed: read tensors before close()", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }

    @Override
    public void close() {
        Arrays.fill(windows, null);
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + path, e);
        }
    }
}

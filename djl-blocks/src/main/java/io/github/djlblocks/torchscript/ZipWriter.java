package io.github.djlblocks.torchscript;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * A zip file as PyTorch writes them: entries are stored as they are, begin at multiples of 64 bytes
 * and are followed by their checksum, so that each is written once as it comes.
 *
 * <p>Java's own writer wants the checksum of a stored entry before its bytes. The same entries give
 * the same file, whenever it is written. Format: PKWARE's APPNOTE 6.3, zip64 where sizes need it.
 */
final class ZipWriter {

    private static final int ALIGNMENT = 64;
    private static final int IN_ZIP64 = 0xFFFFFFFF;
    private static final int MAX_ENTRIES = 0xFFFF;
    private static final int CHECKSUM_FOLLOWS_AND_UTF8 = 0x0808;
    private static final int FIRST_OF_JANUARY_1980 = 0x21;
    private static final int ZIP64 = 1;
    private static final int PADDING = 0x4246; // FB, PyTorch's own

    private final OutputStream out;
    private final long limit;
    private final LittleEndian directory = new LittleEndian();
    private long position;
    private int entries;

    ZipWriter(OutputStream out) {
        this(out, 0xFFFFFFFFL);
    }

    /** Uses zip64 for sizes and offsets from a limit on. */
    ZipWriter(OutputStream out, long limit) {
        this.out = out;
        this.limit = limit;
    }

    void entry(String name, byte[] content) throws IOException {
        entry(name, content.length, stream -> stream.write(content));
    }

    /** Writes an entry whose content has the size given. */
    void entry(String name, long size, StoredTensor.Content content) throws IOException {
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        long start = position;
        boolean large = size >= limit;
        writeHeader(path, size, large);
        Checksum checksum = new Checksum(out);
        content.writeTo(checksum);
        position += size;
        int crc = (int) checksum.crc.getValue();
        LittleEndian trailer = new LittleEndian().int32(0x08074B50).int32(crc);
        write(
                large
                        ? trailer.int64(size).int64(size)
                        : trailer.int32((int) size).int32((int) size));
        addToDirectory(path, crc, size, start);
        entries++;
    }

    private void writeHeader(byte[] path, long size, boolean large) throws IOException {
        LittleEndian extra = new LittleEndian();
        if (large) {
            extra.int16(ZIP64).int16(2 * Long.BYTES).int64(size).int64(size);
        }
        int fixed = 30;
        long end = position + fixed + path.length + extra.size() + 2 * Short.BYTES;
        byte[] padding = new byte[(int) ((ALIGNMENT - end % ALIGNMENT) % ALIGNMENT)];
        Arrays.fill(padding, (byte) 'Z');
        extra.int16(PADDING).int16(padding.length).bytes(padding);
        LittleEndian header = new LittleEndian().int32(0x04034B50);
        addFields(header, large, 0, large ? IN_ZIP64 : 0);
        header.int16(path.length).int16(extra.size());
        write(header.bytes(path).bytes(extra.toBytes()));
    }

    private void addToDirectory(byte[] path, int crc, long size, long start) {
        boolean large = size >= limit;
        boolean far = start >= limit;
        LittleEndian extra = new LittleEndian();
        if (large || far) {
            extra.int16(ZIP64).int16((large ? 2 * Long.BYTES : 0) + (far ? Long.BYTES : 0));
        }
        if (large) {
            extra.int64(size).int64(size);
        }
        if (far) {
            extra.int64(start);
        }
        directory.int32(0x02014B50).int16(45);
        addFields(directory, large || far, crc, large ? IN_ZIP64 : (int) size);
        directory.int16(path.length).int16(extra.size());
        directory.int16(0).int16(0).int16(0).int32(0); // comment, disk, attributes
        directory.int32(far ? IN_ZIP64 : (int) start).bytes(path).bytes(extra.toBytes());
    }

    /** From the version of the format to the two sizes, which are the same when stored. */
    private static void addFields(LittleEndian header, boolean zip64, int crc, int size) {
        header.int16(zip64 ? 45 : 20).int16(CHECKSUM_FOLLOWS_AND_UTF8).int16(0);
        header.int16(0).int16(FIRST_OF_JANUARY_1980);
        header.int32(crc).int32(size).int32(size);
    }

    /** Writes the directory of the entries; leaves the stream open. */
    void finish() throws IOException {
        long start = position;
        int size = directory.size();
        write(directory);
        boolean far = start >= limit;
        boolean many = entries >= MAX_ENTRIES;
        if (far || many) {
            long end = position;
            LittleEndian record = new LittleEndian().int32(0x06064B50).int64(44);
            record.int16(45).int16(45).int32(0).int32(0); // versions, disks
            record.int64(entries).int64(entries).int64(size).int64(start);
            write(record.int32(0x07064B50).int32(0).int64(end).int32(1));
        }
        int count = many ? MAX_ENTRIES : entries;
        LittleEndian record = new LittleEndian().int32(0x06054B50).int32(0);
        record.int16(count).int16(count).int32(size).int32(far ? IN_ZIP64 : (int) start);
        write(record.int16(0));
    }

    private void write(LittleEndian bytes) throws IOException {
        out.write(bytes.toBytes());
        position += bytes.size();
    }

    /** Adds up what passes, and leaves the archive open when it is closed. */
    private static final class Checksum extends OutputStream {

        private final OutputStream out;
        private final CRC32 crc = new CRC32();

        Checksum(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            crc.update(bytes, offset, length);
            out.write(bytes, offset, length);
        }
    }
}

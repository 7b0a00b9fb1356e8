package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZipWriterTest {

    private static final long NEVER = 0xFFFFFFFFL;

    @TempDir private Path directory;

    private static Map<String, byte[]> entries() {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        for (int size : new int[] {1, 0, 63, 64, 65, 200, 7}) {
            byte[] content = new byte[size];
            for (int i = 0; i < size; i++) {
                content[i] = (byte) (size + i);
            }
            entries.put("archive/" + "d".repeat(size % 5) + "\u00e4/" + size, content);
        }
        return entries;
    }

    private static byte[] write(long limit) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ZipWriter writer = new ZipWriter(out, limit);
        for (Map.Entry<String, byte[]> entry : entries().entrySet()) {
            writer.entry(entry.getKey(), entry.getValue());
        }
        writer.finish();
        return out.toByteArray();
    }

    /** With limits of 64 and 300 some sizes, some offsets and the directory's need zip64. */
    @ParameterizedTest
    @ValueSource(longs = {NEVER, 0, 64, 300})
    void finish_entries_areReadByJava(long limit) throws Exception {
        Path file = directory.resolve("a.zip");
        Files.write(file, write(limit));
        Map<String, byte[]> read = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
                try (InputStream in = zip.getInputStream(entry)) {
                    read.put(entry.getName(), in.readAllBytes());
                }
                CRC32 crc = new CRC32();
                crc.update(read.get(entry.getName()));
                assertThat(entry.getCrc()).isEqualTo(crc.getValue());
            }
        }
        assertThat(read).containsExactlyEntriesOf(entries());
    }

    @ParameterizedTest
    @ValueSource(longs = {NEVER, 0, 64})
    void entry_content_beginsAtMultiplesOf64(long limit) throws Exception {
        byte[] bytes = write(limit);
        ByteBuffer zip = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<Integer> starts = new ArrayList<>();
        int at = 0;
        for (Map.Entry<String, byte[]> entry : entries().entrySet()) {
            assertThat(zip.getInt(at)).isEqualTo(0x04034B50);
            at += 30 + zip.getShort(at + 26) + zip.getShort(at + 28);
            starts.add(at);
            int size = entry.getValue().length;
            assertThat(zip.slice(at, size)).isEqualTo(ByteBuffer.wrap(entry.getValue()));
            at += size + (size >= limit ? 24 : 16);
        }
        assertThat(starts).hasSize(7).allSatisfy(start -> assertThat(start % 64).isZero());
    }

    /** Java's reader takes the short fields where they happen to be right. */
    @Test
    void finish_offsetsBeyondTheLimit_areInZip64Alone() throws Exception {
        long limit = 300;
        ByteBuffer zip = ByteBuffer.wrap(write(limit)).order(ByteOrder.LITTLE_ENDIAN);
        int end = zip.limit() - 22;
        assertThat(zip.getInt(end + 16)).isEqualTo(-1);
        int record = end - 20 - 56;
        assertThat(zip.getLong(end - 20 + 8)).isEqualTo(record);
        int at = (int) zip.getLong(record + 48);
        int far = 0;
        while (at < record) {
            int extra = at + 46 + zip.getShort(at + 28);
            int size = zip.getShort(at + 30);
            long offset = zip.getInt(at + 42);
            if (offset == -1) {
                far++;
                assertThat(size).isEqualTo(12);
                assertThat(zip.getShort(extra)).isEqualTo((short) 1);
                assertThat(zip.getShort(extra + 2)).isEqualTo((short) 8);
                offset = zip.getLong(extra + 4);
                assertThat(offset).isGreaterThanOrEqualTo(limit);
            } else {
                assertThat(size).isZero();
                assertThat(offset).isBetween(0L, limit - 1);
            }
            assertThat(zip.getInt((int) offset)).isEqualTo(0x04034B50);
            at = extra + size;
        }
        assertThat(far).isBetween(1, entries().size() - 1);
    }

    @Test
    void finish_moreThan65535Entries_areAllThere() throws Exception {
        Path file = directory.resolve("many.zip");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ZipWriter writer = new ZipWriter(out);
        for (int i = 0; i < 70_000; i++) {
            writer.entry(Integer.toString(i), new byte[0]);
        }
        writer.finish();
        byte[] bytes = out.toByteArray();
        ByteBuffer end = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(end.getShort(bytes.length - 22 + 10)).isEqualTo((short) 0xFFFF);
        assertThat(end.getLong(bytes.length - 22 - 20 - 56 + 32)).isEqualTo(70_000);
        Files.write(file, bytes);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertThat(zip.size()).isEqualTo(70_000);
            assertThat(zip.getEntry("69999")).isNotNull();
        }
    }

    @Test
    void entry_contentThatClosesItsStream_doesNotCloseTheArchive() throws Exception {
        Path file = directory.resolve("closed.zip");
        try (OutputStream out = Files.newOutputStream(file)) {
            ZipWriter writer = new ZipWriter(out);
            writer.entry(
                    "a",
                    2,
                    stream -> {
                        stream.write('x');
                        stream.write('y');
                        stream.close();
                    });
            writer.entry("b", "z".getBytes(StandardCharsets.US_ASCII));
            writer.finish();
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertThat(zip.getInputStream(zip.getEntry("a")).readAllBytes())
                    .contains("xy".getBytes(StandardCharsets.US_ASCII));
            assertThat(zip.getEntry("b").getSize()).isEqualTo(1);
        }
    }
}

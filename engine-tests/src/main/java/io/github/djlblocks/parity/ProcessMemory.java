package io.github.djlblocks.parity;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * The memory of this process as the operating system sees it: Java heap and engines together.
 *
 * <p>For growth tests: warm up, read, run many times, read again. Where it grows although {@link
 * LeakGuard} counts nothing, native memory leaks.
 */
public final class ProcessMemory {

    private ProcessMemory() {}

    /**
     * Returns the resident set size of this process.
     *
     * @return bytes, or empty where there is no {@code /proc} (other systems than Linux)
     */
    public static OptionalLong residentBytes() {
        return bytes("VmRSS:");
    }

    /**
     * Returns the largest resident set size this process has had.
     *
     * @return bytes, or empty where there is no {@code /proc}
     */
    public static OptionalLong peakResidentBytes() {
        return bytes("VmHWM:");
    }

    private static OptionalLong bytes(String field) {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return OptionalLong.empty();
        }
        try {
            return bytes(field, Files.readAllLines(status));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + status, e);
        }
    }

    static OptionalLong bytes(String field, List<String> status) {
        return status.stream()
                .filter(line -> line.startsWith(field))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst();
    }
}

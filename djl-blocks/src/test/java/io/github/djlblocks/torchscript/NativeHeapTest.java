package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class NativeHeapTest {

    private static final long MIB = 1 << 20;

    /** Small pieces stay with the C library, for the last of them lies above the others. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void trim_freedPieces_goBack() throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            manager.ones(new Shape(1)).close();
            List<NDArray> pieces = new ArrayList<>();
            for (int i = 0; i < 4000; i++) {
                pieces.add(manager.ones(new Shape(16 * 1024)));
            }
            pieces.remove(pieces.size() - 1);
            long full = resident();
            pieces.forEach(NDArray::close);

            NativeHeap.trim();

            // 250 MiB.
            assertThat(full - resident()).isGreaterThan(200 * MIB);
        }
    }

    /** 90 MiB of results a round, 23,000 pages: more than a piece of a thread's heap. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void keepFreed_largeResults_useTheSamePagesAgain() throws Exception {
        assumeFalse(NativeHeap.isChosen(System.getenv(), ""), "the environment has chosen");
        NativeHeap.keepFreed();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            round(manager);
            long before = pageFaults();
            for (int i = 0; i < 10; i++) {
                round(manager);
            }
            assertThat(pageFaults() - before).isLessThan(10 * 23_000 / 4);
        }
    }

    private static void round(NDManager manager) {
        try (NDManager own = manager.newSubManager()) {
            for (int i = 0; i < 3; i++) {
                own.ones(new Shape(30 * MIB), DataType.INT8);
            }
        }
    }

    /** The tenth field; the second, a name in parentheses, may have spaces. */
    private static long pageFaults() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[7]);
    }

    @Test
    void isChosen_byTheEnvironmentOrTheProperty() {
        assertThat(NativeHeap.isChosen(Map.of("MALLOC_ARENA_MAX", "2"), "")).isTrue();
        assertThat(NativeHeap.isChosen(Map.of("GLIBC_TUNABLES", "glibc.malloc.check=1"), ""))
                .isTrue();
        assertThat(NativeHeap.isChosen(Map.of("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX"), ""))
                .isFalse();
        assertThat(NativeHeap.isChosen(Map.of("HOME", "/root"), "system")).isTrue();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NativeHeap.isChosen(Map.of(), "keep"))
                .withMessage("djlblocks.nativeHeap is 'keep': use system, or leave it out");
    }

    private static long resident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .sum();
    }
}

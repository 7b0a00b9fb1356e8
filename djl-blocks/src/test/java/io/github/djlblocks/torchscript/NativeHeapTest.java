package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

class NativeHeapTest {

    private static final long MIB = 1 << 20;

    /** Small pieces stay with the C library, for the last of them lies above the others. */
    @Test
    void trim_freedPieces_goBackWhereTheJvmCan() throws Exception {
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
            assertThat(full - resident()).isGreaterThan(canTrim() ? 200 * MIB : Long.MIN_VALUE);
        }
    }

    private static boolean canTrim() throws JMException {
        ObjectName commands = new ObjectName("com.sun.management:type=DiagnosticCommand");
        return Arrays.stream(
                        ManagementFactory.getPlatformMBeanServer()
                                .getMBeanInfo(commands)
                                .getOperations())
                .anyMatch(operation -> operation.getName().equals("systemTrimNativeHeap"));
    }

    private static long resident() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .sum();
    }
}

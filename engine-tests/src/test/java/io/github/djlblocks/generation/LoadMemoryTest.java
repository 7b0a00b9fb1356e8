package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.checkpoint.StoredType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The peak of resident memory (VmHWM: the Java heap, direct buffers, the engine, and pages of
 * mapped files) of a process of its own that packs a checkpoint of 245 MB, over what it took
 * before.
 */
@EnabledOnOs(OS.LINUX)
class LoadMemoryTest {

    private static final RandomLlama SIZES = new RandomLlama(1024, 2816, 8, 16, 4, 16000, false);
    private static final long MB = 1_000_000;

    @TempDir static Path directory;

    @BeforeAll
    static void write() throws IOException {
        SIZES.write(directory, StoredType.BF16, 2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bfloat16", "int8", "int4"})
    void load_packed_peakIsThePackedSizeAndABit(String format) throws Exception {
        long packed = packedBytes(format);
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoadMemory.class.getName(),
                        directory.toString(),
                        format);
        Path log = directory.resolve(format + ".log");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("ends in time").isTrue();
        String text = Files.readString(log, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(text).isZero();
        String last = text.strip().substring(text.strip().lastIndexOf('\n') + 1);
        long[] bytes = Arrays.stream(last.split(" ")).mapToLong(Long::parseLong).toArray();
        String what =
                "%s: packed %d MB, before %d MB, loaded %d MB, peak %d MB"
                        .formatted(
                                format, packed / MB, bytes[0] / MB, bytes[1] / MB, bytes[2] / MB);
        System.getLogger("LoadMemoryTest").log(System.Logger.Level.INFO, what);
        assertThat(bytes[2] - bytes[0]).as(what).isLessThan(packed * 115 / 100 + 300 * MB);
        assertThat(bytes[1] - bytes[0]).as(what).isGreaterThan(packed * 9 / 10);
    }

    /** Bytes of matrices in their format, and of the embedding in that of activations. */
    private static long packedBytes(String format) {
        double bits = format.equals("bfloat16") ? 16 : format.equals("int8") ? 8 : 5;
        double wide = format.equals("int8") ? 32 : 16;
        double bytes = 0;
        for (var tensor : SIZES.tensors().entrySet()) {
            int[] shape = tensor.getValue();
            if (shape.length == 2) {
                boolean head = tensor.getKey().equals("lm_head.weight");
                boolean table = tensor.getKey().equals("model.embed_tokens.weight");
                double width = table ? wide : head && bits == 5 ? 8 : bits;
                bytes += (double) shape[0] * shape[1] * width / 8;
            }
        }
        return (long) bytes;
    }
}

package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link TensorSource#readFloats} of one file and of several. */
class ReadFloatsTest {

    @TempDir private Path directory;

    /** Bytes by hand: what each type makes of the numbers -3, 0.5 or 1, 200, in little-endian. */
    @Test
    void readFloats_eachTypeByHand_isItsValue() throws Exception {
        ByteBuffer doubles = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        doubles.putDouble(-3).putDouble(0.1);
        assertThat(values("F64", 2, doubles.array())).containsExactly(-3f, 0.1f);
        ByteBuffer floats = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        floats.putFloat(-3).putFloat(0x1p-149f);
        assertThat(values("F32", 2, floats.array())).containsExactly(-3f, 0x1p-149f);
        assertThat(values("F16", 4, RawFile.shorts(0xC200, 0x3800, 0x0001, 0xFC00)))
                .containsExactly(-3f, 0.5f, 0x1p-24f, Float.NEGATIVE_INFINITY);
        assertThat(values("BF16", 4, RawFile.shorts(0xC040, 0x3F00, 0x0001, 0xFF80)))
                .containsExactly(-3f, 0.5f, 0x1p-133f, Float.NEGATIVE_INFINITY);
        assertThat(values("I16", 3, RawFile.shorts(-3, 200, 0x8000)))
                .containsExactly(-3f, 200f, -32768f);
        assertThat(values("I8", 2, new byte[] {-3, (byte) 200})).containsExactly(-3f, -56f);
        assertThat(values("U8", 2, new byte[] {3, (byte) 200})).containsExactly(3f, 200f);
        assertThat(values("BOOL", 3, new byte[] {0, 1, 7})).containsExactly(0f, 1f, 1f);
    }

    private float[] values(String type, int count, byte[] bytes) throws Exception {
        float[] values = new float[count];
        try (TensorSource source = file(type, "[" + count + "]", bytes)) {
            source.readFloats("t", 0, values);
        }
        return values;
    }

    private SafetensorsFile file(String type, String shape, byte[] bytes) throws Exception {
        String header = "{" + RawFile.tensor("t", type, shape, 0, bytes.length) + "}";
        return SafetensorsFile.open(
                RawFile.write(directory.resolve("raw.safetensors"), header, bytes));
    }

    /** (3, 5) behind another tensor; from each value on, as many as are left and fewer. */
    @ParameterizedTest
    @EnumSource(
            value = StoredType.class,
            names = {"F64", "F32", "F16", "BF16", "I16", "I8", "U8"})
    void readFloats_anyRange_runsThroughRows(StoredType type) throws Exception {
        double[] numbers = IntStream.range(0, 15).mapToDouble(i -> 7 * i + 1).toArray();
        Path path = directory.resolve("t.safetensors");
        new SafetensorsWriter()
                .add("before", new double[] {90, 91, 92}, new Shape(3), type)
                .add("t", numbers, new Shape(3, 5), type)
                .add("zafter", new double[] {80}, new Shape(1), type)
                .write(path);
        try (TensorSource source = SafetensorsFile.open(path)) {
            for (int start = 0; start <= 15; start++) {
                for (int count = 0; count <= 15 - start; count++) {
                    float[] values = new float[count];
                    source.readFloats("t", start, values);
                    for (int i = 0; i < count; i++) {
                        assertThat(values[i]).isEqualTo((float) numbers[start + i]);
                    }
                }
            }
        }
    }

    /** A buffer of 128 KiB is filled several times, the last time in part. */
    @ParameterizedTest
    @EnumSource(
            value = StoredType.class,
            names = {"F64", "F32", "F16", "BF16", "I16", "I8", "U8"})
    void readFloats_moreThanTheBuffer_goesOnBehindIt(StoredType type) throws Exception {
        int count = 300_000;
        double[] numbers = IntStream.range(0, count).mapToDouble(i -> i % 101).toArray();
        Path path = directory.resolve("t.safetensors");
        new SafetensorsWriter().add("t", numbers, new Shape(count), type).write(path);
        try (TensorSource source = SafetensorsFile.open(path)) {
            float[] values = new float[count - 9];
            source.readFloats("t", 7, values);
            float[] expected = new float[values.length];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (float) numbers[i + 7];
            }
            assertThat(values).isEqualTo(expected);
        }
    }

    @Test
    void readFloats_beyondTheTensor_isRefused() throws Exception {
        try (TensorSource source = file("BF16", "[2,3]", new byte[12])) {
            source.readFloats("t", 6, new float[0]);
            refused(source, "t", 5, 2, "2 values from 5 on are more than tensor 't' has (6)");
            refused(source, "t", -1, 1, "1 values from -1 on are more than tensor 't' has (6)");
            refused(source, "t", 7, 0, "0 values from 7 on are more than tensor 't' has (6)");
            refused(
                    source,
                    "u",
                    0,
                    1,
                    directory.resolve("raw.safetensors")
                            + " has no tensor 'u' among its 1: names() lists them");
        }
    }

    @Test
    void readFloats_integersThatAreNoFloats_isRefused() throws Exception {
        try (TensorSource source = file("I64", "[1]", new byte[8])) {
            refused(
                    source,
                    "t",
                    0,
                    1,
                    "tensor 't' is stored as I64 and cannot be read as float32: ask for one of"
                            + " [int64]");
        }
        try (TensorSource source = file("I32", "[1]", new byte[4])) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> source.readFloats("t", 0, new float[1]))
                    .withMessageStartingWith(
                            "tensor 't' is stored as I32 and cannot be read as float32");
        }
    }

    private static void refused(
            TensorSource source, String name, long start, int count, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> source.readFloats(name, start, new float[count]))
                .withMessage(message);
    }

    @Test
    void readFloats_closedOrCut_isRefused() throws Exception {
        try (SafetensorsFile source = file("F32", "[2]", new byte[8])) {
            Path path = directory.resolve("raw.safetensors");
            long size = Files.size(path);
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(size - 2);
            }
            assertThatIllegalStateException()
                    .isThrownBy(() -> source.readFloats("t", 0, new float[2]))
                    .withMessage(
                            path
                                    + " had "
                                    + size
                                    + " bytes when it was opened and has fewer now: do not write"
                                    + " to a checkpoint in use; open it again");
        }
        SafetensorsFile closed = file("F32", "[2]", new byte[8]);
        closed.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> closed.readFloats("t", 0, new float[1]))
                .withMessageEndingWith("is closed: read tensors before close()");
    }

    @Test
    void readFloats_shards_areReadWhereTheTensorIs() throws Exception {
        new SafetensorsWriter()
                .add("a", new double[] {1, 2, 3}, new Shape(3), StoredType.F32)
                .write(directory.resolve("one.safetensors"));
        new SafetensorsWriter()
                .add("b", new double[] {4, 5, 6}, new Shape(3), StoredType.BF16)
                .write(directory.resolve("two.safetensors"));
        Files.write(
                directory.resolve(Checkpoints.INDEX_FILE),
                "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}"
                        .getBytes(StandardCharsets.UTF_8));
        try (TensorSource source = Checkpoints.open(directory)) {
            float[] values = new float[2];
            source.readFloats("b", 1, values);
            assertThat(values).containsExactly(5f, 6f);
            source.readFloats("a", 0, values);
            assertThat(values).containsExactly(1f, 2f);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> source.readFloats("c", 0, values))
                    .withMessageEndingWith(" has no tensor 'c' among its 2: names() lists them");
        }
    }
}

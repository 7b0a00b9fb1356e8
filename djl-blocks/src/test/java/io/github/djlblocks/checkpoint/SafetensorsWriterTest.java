package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsWriterTest {

    private static final String ENGINES = "io.github.djlblocks.checkpoint.Engines#required";

    @TempDir private Path directory;

    @Test
    void write_smallFile_hasTheBytesOfTheFormat() throws Exception {
        Path path = directory.resolve("m.safetensors");
        new SafetensorsWriter()
                .addMetadata("format", "np+")
                .add("b", new double[] {1, -2}, new Shape(2), StoredType.BF16)
                .add("a", new double[] {3}, new Shape(), StoredType.U8)
                .add("c", new double[] {0.5}, new Shape(1, 1), StoredType.F32)
                .write(path);
        String header =
                "{\"__metadata__\":{\"format\":\"np+\"},"
                        + "\"c\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},"
                        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]},"
                        + "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[8,9]}}";
        String padded = header + " ".repeat((8 - header.length() % 8) % 8);
        assertThat(padded.length() % 8).isZero();
        assertThat(padded).isNotEqualTo(header);
        byte[] expected =
                ByteBuffer.allocate(8 + padded.length() + 9)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(padded.length())
                        .put(padded.getBytes(StandardCharsets.US_ASCII))
                        .putInt(0x3F000000)
                        .putShort((short) 0x3F80)
                        .putShort((short) 0xC000)
                        .put((byte) 3)
                        .array();
        assertThat(path).hasBinaryContent(expected);
        assertThat(files()).containsExactly("m.safetensors");
    }

    @Test
    void write_otherOrderOfAdding_givesTheSameBytes() throws Exception {
        Path first = directory.resolve("1.safetensors");
        Path second = directory.resolve("2.safetensors");
        double[] one = {1, 2};
        double[] two = {3, 4};
        new SafetensorsWriter()
                .addMetadata("x", "1")
                .addMetadata("y", "2")
                .add("one", one, new Shape(2), StoredType.F32)
                .add("two", two, new Shape(2), StoredType.I32)
                .write(first);
        new SafetensorsWriter()
                .add("two", two, new Shape(2), StoredType.I32)
                .addMetadata("y", "2")
                .add("one", one, new Shape(2), StoredType.F32)
                .addMetadata("x", "1")
                .write(second);
        assertThat(second).hasSameBinaryContentAs(first);
    }

    /** More values than one piece, from a view that is not contiguous. */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void write_largeTransposedArray_comesBackWhole(String engine) throws Exception {
        int rows = 1500;
        int columns = 801;
        Path path = directory.resolve("t.safetensors");
        try (NDManager manager = Engines.manager(engine);
                NDArray flat = manager.arange(0f, (float) rows * columns, 1f, DataType.FLOAT32);
                NDArray matrix = flat.reshape(rows, columns);
                NDArray transposed = matrix.transpose()) {
            int before = manager.getManagedArrays().size();
            new SafetensorsWriter()
                    .add("same", transposed)
                    .add("wide", transposed, StoredType.F64)
                    .write(path);
            assertThat(manager.getManagedArrays()).hasSize(before);
        }
        double[] expected =
                IntStream.range(0, rows * columns)
                        .map(i -> i % rows * columns + i / rows)
                        .asDoubleStream()
                        .toArray();
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.info("same"))
                    .isEqualTo(
                            new TensorInfo(
                                    "same",
                                    StoredType.F32,
                                    new Shape(columns, rows),
                                    4L * rows * columns));
            assertThat(file.readDoubles("same")).isEqualTo(expected);
            assertThat(file.readDoubles("wide")).isEqualTo(expected);
        }
    }

    /** 1 + 2^-8 lies between two bfloat16; 1 + 2^-11 between two halves. */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void write_float32ArrayAsNarrowFloats_roundsToNearestEven(String engine) throws Exception {
        float[] values = {1 + 0x1p-8f, 1 + 0x3p-8f, 1 + 0x1p-11f, 3e38f, -65520f, Float.NaN};
        Path path = directory.resolve("narrow.safetensors");
        try (NDManager manager = Engines.manager(engine);
                NDArray array = manager.create(values)) {
            new SafetensorsWriter()
                    .add("bf16", array, StoredType.BF16)
                    .add("f16", array, StoredType.F16)
                    .write(path);
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.readDoubles("bf16"))
                    .containsExactly(1, 1 + 0x1p-6, 1, 0x1.C4p127, -65536, Double.NaN);
            assertThat(file.readDoubles("f16"))
                    .containsExactly(
                            1 + 0x1p-8,
                            1 + 0x3p-8,
                            1,
                            Double.POSITIVE_INFINITY,
                            Double.NEGATIVE_INFINITY,
                            Double.NaN);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void write_longs_keepEveryBit(String engine) throws Exception {
        long[] values = {Long.MIN_VALUE, Long.MAX_VALUE, (1L << 53) + 1};
        Path path = directory.resolve("longs.safetensors");
        try (NDManager manager = Engines.manager(engine);
                NDArray array = manager.create(values)) {
            new SafetensorsWriter().add("n", array).write(path);
            assertThatThrownBy(() -> new SafetensorsWriter().add("n", array, StoredType.F64))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("tensor 'n' is INT64 and cannot be stored as F64: use I64");
            try (SafetensorsFile file = SafetensorsFile.open(path);
                    NDArray back = file.read("n", manager, DataType.INT64)) {
                assertThat(back.toLongArray()).containsExactly(values);
            }
        }
    }

    @Test
    void write_valueThatDoesNotFit_leavesTheOldFileAndNothingElse() throws Exception {
        Path path = Files.writeString(directory.resolve("m.safetensors"), "old");
        for (Map.Entry<StoredType, Double> bad :
                Map.of(
                                StoredType.I8, 128.0,
                                StoredType.U8, -1.0,
                                StoredType.BOOL, 2.0,
                                StoredType.I16, 0.5,
                                StoredType.I64, 0x1p63,
                                StoredType.I32, Double.NaN)
                        .entrySet()) {
            SafetensorsWriter writer =
                    new SafetensorsWriter()
                            .add("t", new double[] {0, bad.getValue()}, new Shape(2), bad.getKey());
            assertThatThrownBy(() -> writer.write(path))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(
                            "value "
                                    + bad.getValue()
                                    + " at index 1 of tensor 't' is no "
                                    + bad.getKey()
                                    + " (integers from ")
                    .hasMessageEndingWith("): store it as F32 or F64");
        }
        assertThat(path).hasContent("old");
        assertThat(files()).containsExactly("m.safetensors");
    }

    @Test
    void write_nameThatIsNoUnicode_leavesNothing() throws Exception {
        SafetensorsWriter writer =
                new SafetensorsWriter().add("\uD800", new double[0], new Shape(0), StoredType.F32);
        assertThatThrownBy(() -> writer.write(directory.resolve("m.safetensors")))
                .isInstanceOf(CharacterCodingException.class);
        assertThat(files()).isEmpty();
    }

    @Test
    void add_wrongArguments_areRefused() {
        SafetensorsWriter writer =
                new SafetensorsWriter().add("a", new double[0], new Shape(0), StoredType.F32);
        assertThatThrownBy(() -> writer.add("a", new double[0], new Shape(0), StoredType.F32))
                .hasMessage("tensor 'a' is added twice: names must be unique");
        assertThatThrownBy(
                        () ->
                                writer.add(
                                        "__metadata__",
                                        new double[0],
                                        new Shape(0),
                                        StoredType.F32))
                .hasMessage("a tensor cannot be named __metadata__: it is reserved");
        assertThatThrownBy(() -> writer.add("b", new double[3], new Shape(2, 2), StoredType.F32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor 'b' has 3 values, but shape (2, 2) needs 4");
    }

    private Stream<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList().stream();
        }
    }
}

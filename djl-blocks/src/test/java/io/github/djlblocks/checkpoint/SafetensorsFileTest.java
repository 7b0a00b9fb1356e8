package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsFileTest {

    private static final String ENGINES = "io.github.djlblocks.checkpoint.Engines#required";

    @TempDir private Path directory;

    /** 1, -2.5, 3.140625, 2^-133 (subnormal), infinity, 0. */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_bfloat16AsFloat32_isExact(String engine) throws Exception {
        byte[] data = RawFile.shorts(0x3F80, 0xC020, 0x4049, 0x0001, 0x7F80, 0x0000);
        try (SafetensorsFile file = single("BF16", "[2,3]", data);
                NDManager manager = Engines.manager(engine);
                NDArray array = file.read("t", manager, DataType.FLOAT32)) {
            assertThat(array.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(array.getShape()).isEqualTo(new Shape(2, 3));
            assertThat(array.toFloatArray())
                    .containsExactly(1f, -2.5f, 3.140625f, 0x1p-133f, Float.POSITIVE_INFINITY, 0f);
        }
    }

    /** 1, -2.5, 65504 (largest), 2^-24 (smallest), -infinity, 2^-14 - 2^-24 (subnormal). */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_float16AsEveryFloat_isExact(String engine) throws Exception {
        byte[] data = RawFile.shorts(0x3C00, 0xC100, 0x7BFF, 0x0001, 0xFC00, 0x03FF);
        double[] expected = {1, -2.5, 65504, 0x1p-24, Double.NEGATIVE_INFINITY, 0x1p-14 - 0x1p-24};
        try (SafetensorsFile file = single("F16", "[6]", data);
                NDManager manager = Engines.manager(engine)) {
            try (NDArray array = file.read("t", manager, DataType.FLOAT32)) {
                assertThat(doubles(array.toFloatArray())).containsExactly(expected);
            }
            try (NDArray array = file.read("t", manager, DataType.FLOAT64)) {
                assertThat(array.toDoubleArray()).containsExactly(expected);
            }
            try (NDArray array = file.read("t", manager, DataType.FLOAT16)) {
                assertThat(array.getDataType()).isEqualTo(DataType.FLOAT16);
                assertThat(array.toByteArray()).containsExactly(data);
            }
            assertThat(file.readDoubles("t")).containsExactly(expected);
        }
    }

    /** 2049 lies between the halves 2048 and 2050; 65519.99 still rounds to the largest half. */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_wideFloatsAsFloat16_roundsOnceToNearestEven(String engine) throws Exception {
        double[] values = {
            2049, Math.nextUp(2049.0), -2051, 1 / 0.0, 65519.99, -1 / 0.0, 0x1p-25, -0.0
        };
        int[] expected = {0x6800, 0x6801, 0xE802, 0x7C00, 0x7BFF, 0xFC00, 0x0000, 0x8000};
        try (SafetensorsFile file = written(values, new Shape(2, 4), StoredType.F64);
                NDManager manager = Engines.manager(engine);
                NDArray array = file.read("t", manager, DataType.FLOAT16)) {
            assertThat(array.toByteArray()).containsExactly(RawFile.shorts(expected));
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_everyConversionOfEveryType_keepsWholeNumbers(String engine) throws Exception {
        try (NDManager manager = Engines.manager(engine)) {
            for (StoredType type : StoredType.values()) {
                double[] values =
                        switch (type) {
                            case U8 -> new double[] {0, 1, 255, 127};
                            case BOOL -> new double[] {1, 0, 0, 1};
                            default -> new double[] {0, -1, 127, -128};
                        };
                try (SafetensorsFile file = written(values, new Shape(4), type)) {
                    assertThat(file.readDoubles("t")).containsExactly(values);
                    for (DataType dataType : Conversions.readableAs(type)) {
                        try (NDArray array = file.read("t", manager, dataType)) {
                            assertThat(array.getDataType()).isEqualTo(dataType);
                            assertThat(numbers(array)).containsExactly(values);
                        }
                    }
                }
            }
            assertThat(manager.getManagedArrays()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_scalarAndEmptyTensors_keepTheirShape(String engine) throws Exception {
        try (NDManager manager = Engines.manager(engine)) {
            try (SafetensorsFile file = written(new double[] {2.5}, new Shape(), StoredType.BF16);
                    NDArray array = file.read("t", manager, DataType.FLOAT32)) {
                assertThat(array.getShape()).isEqualTo(new Shape());
                assertThat(array.toFloatArray()).containsExactly(2.5f);
            }
            try (SafetensorsFile file = written(new double[0], new Shape(3, 0), StoredType.F32);
                    NDArray array = file.read("t", manager, DataType.FLOAT32)) {
                assertThat(array.getShape()).isEqualTo(new Shape(3, 0));
                assertThat(file.readDoubles("t")).isEmpty();
            }
        }
    }

    /** Pieces of 3 to 40 elements: inside one row, whole rows, and boxes behind a leading axis. */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_tensorLargerThanBuffer_isPutTogetherFromPieces(String engine) throws Exception {
        double[] values = IntStream.range(0, 2 * 3 * 5 * 4).mapToDouble(i -> i - 50).toArray();
        Path path = directory.resolve("pieces.safetensors");
        new SafetensorsWriter()
                .add("t", values, new Shape(2, 3, 5, 4), StoredType.BF16)
                .write(path);
        for (int elements : new int[] {3, 4, 11, 20, 40, 119, 120}) {
            int chunkBytes = 4 * elements;
            try (SafetensorsFile file = SafetensorsFile.open(path, chunkBytes, 32);
                    NDManager manager = Engines.manager(engine)) {
                try (NDArray array = file.read("t", manager, DataType.FLOAT32)) {
                    assertThat(array.getShape()).isEqualTo(new Shape(2, 3, 5, 4));
                    assertThat(doubles(array.toFloatArray())).containsExactly(values);
                }
                assertThat(manager.getManagedArrays()).isEmpty();
                assertThat(file.readDoubles("t")).containsExactly(values);
            }
        }
    }

    @Test
    void read_engineWithoutSliceAssignment_joinsThePieces() throws Exception {
        double[] values = IntStream.range(0, 30).asDoubleStream().toArray();
        writeTo(directory.resolve("t.safetensors"), values, new Shape(5, 6), StoredType.F64);
        try (SafetensorsFile file =
                        SafetensorsFile.open(directory.resolve("t.safetensors"), 64, 128);
                NDManager manager = Engines.manager("PyTorch")) {
            NDManager limited =
                    proxy(
                            NDManager.class,
                            (method, arguments) -> {
                                Object result = method.invoke(manager, arguments);
                                return result instanceof NDArray array && arguments.length == 2
                                        ? withoutSet(array)
                                        : result;
                            });
            try (NDArray array = file.read("t", limited, DataType.FLOAT64)) {
                assertThat(array.getShape()).isEqualTo(new Shape(5, 6));
                assertThat(array.toDoubleArray()).containsExactly(values);
                assertThat(manager.getManagedArrays()).hasSize(1);
            }
        }
    }

    private static NDArray withoutSet(NDArray array) {
        return proxy(
                NDArray.class,
                (method, arguments) -> {
                    if (method.getName().equals("set")) {
                        throw new UnsupportedOperationException("no slice assignment");
                    }
                    return method.invoke(array, arguments);
                });
    }

    private interface Call {
        @Nullable Object apply(Method method, Object[] arguments)
                throws ReflectiveOperationException;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (self, method, arguments) -> call.apply(method, arguments)));
    }

    @Test
    void read_boolByteOtherThanOne_isTrue() throws Exception {
        try (SafetensorsFile file = single("BOOL", "[3]", new byte[] {0, 1, -2});
                NDManager manager = Engines.manager("PyTorch");
                NDArray array = file.read("t", manager, DataType.BOOLEAN)) {
            assertThat(array.toByteArray()).containsExactly(0, 1, 1);
            assertThat(file.readDoubles("t")).containsExactly(0, 1, 1);
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_arrayReadEarlier_isIndependentOfBufferAndFile(String engine) throws Exception {
        Path path = directory.resolve("two.safetensors");
        new SafetensorsWriter()
                .add("a", new double[] {1, 2}, new Shape(2), StoredType.F32)
                .add("b", new double[] {3, 4}, new Shape(2), StoredType.F32)
                .write(path);
        try (NDManager manager = Engines.manager(engine)) {
            NDArray a;
            try (SafetensorsFile file = SafetensorsFile.open(path);
                    NDArray again = file.read("a", manager, DataType.FLOAT32)) {
                a = file.read("a", manager, DataType.FLOAT32);
                file.read("b", manager, DataType.FLOAT32).close();
                assertThat(again.toFloatArray()).containsExactly(1f, 2f);
            }
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(0);
            }
            assertThat(a.toFloatArray()).containsExactly(1f, 2f);
        }
    }

    @Test
    void read_unsupportedPair_raisesBeforeTheEngineSeesIt() throws Exception {
        try (NDManager manager = Engines.manager("PyTorch");
                SafetensorsFile floats = single("F16", "[1]", new byte[2]);
                SafetensorsFile longs = written(new double[1], new Shape(1), StoredType.I64)) {
            for (DataType type :
                    new DataType[] {DataType.BFLOAT16, DataType.INT16, DataType.UINT16}) {
                assertThatThrownBy(() -> floats.read("t", manager, type))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(
                                "tensor 't' is stored as F16 and cannot be read as "
                                        + type
                                        + ": ask for one of [float32, float64, float16]");
            }
            assertThatThrownBy(() -> longs.read("t", manager, DataType.FLOAT32))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "tensor 't' is stored as I64 and cannot be read as float32: ask for"
                                    + " one of [int64]");
            assertThat(manager.getManagedArrays()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = StoredType.class,
            names = {"I64", "I32", "I16", "I8", "U8", "BOOL"})
    void readableAs_integers_areListedOnlyWhereExact(StoredType type) {
        long[] range = type.range();
        for (DataType target : Conversions.readableAs(type)) {
            for (long value : range) {
                switch (target) {
                    case FLOAT64 -> assertThat((long) (double) value).isEqualTo(value);
                    case FLOAT32 -> assertThat((long) (float) value).isEqualTo(value);
                    case FLOAT16 -> assertThat(Math.abs(value)).isLessThanOrEqualTo(2048);
                    case INT64 -> {}
                    case INT32 -> assertThat((long) (int) value).isEqualTo(value);
                    case INT8 -> assertThat((long) (byte) value).isEqualTo(value);
                    case UINT8, BOOLEAN -> assertThat(value).isBetween(0L, 255L);
                    default -> throw new AssertionError(target);
                }
            }
        }
    }

    @Test
    void readDoubles_longThatIsNoDouble_isRefused() throws Exception {
        for (long value : new long[] {(1L << 53) + 1, Long.MAX_VALUE}) {
            byte[] data =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
            try (SafetensorsFile file = single("I64", "[1]", data)) {
                assertThatThrownBy(() -> file.readDoubles("t"))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(
                                "tensor 't' holds "
                                        + value
                                        + ", which no double equals: read it as INT64");
            }
        }
    }

    @Test
    void read_closedFile_isRefused() throws Exception {
        SafetensorsFile file = single("F32", "[2]", new byte[8]);
        file.close();
        file.close();
        assertThatThrownBy(() -> file.readDoubles("t"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("is closed: read tensors before close()");
    }

    @Test
    void read_fileCutWhileOpen_isRefused() throws Exception {
        Path path = directory.resolve("t.safetensors");
        try (SafetensorsFile file = single("F32", "[2]", new byte[8])) {
            file.readDoubles("t");
            long size = Files.size(path);
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(20);
            }
            assertThatThrownBy(() -> file.readDoubles("t"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            path
                                    + " had "
                                    + size
                                    + " bytes when it was opened and has 20 now: do not write to a"
                                    + " checkpoint in use; open it again");
        }
    }

    /** A sparse file of 5 GiB; the last tensor begins behind 2^32 and its neighbour is a hole. */
    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_tensorBehindTwoGibibytes_isFound(String engine) throws Exception {
        long gap = 5L << 30;
        String header =
                "{"
                        + RawFile.tensor("gap", "U8", "[" + gap + "]", 0, gap)
                        + ","
                        + RawFile.tensor("t", "BF16", "[3]", gap, gap + 6)
                        + "}";
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        Path path = directory.resolve("large.safetensors");
        RawFile.write(path, json, new byte[0]);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(8 + json.length + gap + 6);
            file.seek(8 + json.length + gap);
            file.write(RawFile.shorts(0x3F80, 0x4000, 0x4040));
        }
        try (SafetensorsFile file = SafetensorsFile.open(path);
                NDManager manager = Engines.manager(engine);
                NDArray array = file.read("t", manager, DataType.FLOAT32)) {
            assertThat(array.toFloatArray()).containsExactly(1f, 2f, 3f);
            assertThat(file.readDoubles("t")).containsExactly(1, 2, 3);
            assertThatThrownBy(() -> file.readDoubles("gap"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("tensor 'gap' has 5368709120 values, more than");
        }
    }

    private SafetensorsFile single(String type, String shape, byte[] data) throws Exception {
        Path path = directory.resolve("t.safetensors");
        String header = "{" + RawFile.tensor("t", type, shape, 0, data.length) + "}";
        return SafetensorsFile.open(RawFile.write(path, header, data));
    }

    private SafetensorsFile written(double[] values, Shape shape, StoredType type)
            throws Exception {
        Path path = directory.resolve("written.safetensors");
        writeTo(path, values, shape, type);
        return SafetensorsFile.open(path);
    }

    private static void writeTo(Path path, double[] values, Shape shape, StoredType type)
            throws IOException {
        new SafetensorsWriter().add("t", values, shape, type).write(path);
    }

    private static double[] doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private static double[] numbers(NDArray array) {
        if (array.getDataType() == DataType.BOOLEAN) {
            boolean[] values = array.toBooleanArray();
            return IntStream.range(0, values.length).mapToDouble(i -> values[i] ? 1 : 0).toArray();
        }
        if (array.getDataType() == DataType.UINT8) {
            byte[] values = array.toByteArray();
            return IntStream.range(0, values.length).mapToDouble(i -> values[i] & 0xFF).toArray();
        }
        return Arrays.stream(array.toArray()).mapToDouble(Number::doubleValue).toArray();
    }
}

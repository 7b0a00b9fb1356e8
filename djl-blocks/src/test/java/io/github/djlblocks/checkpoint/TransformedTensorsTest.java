package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TransformedTensorsTest {

    private static final String ENGINES = "io.github.djlblocks.checkpoint.Engines#required";

    @TempDir private Path directory;
    private Path path = Path.of("");
    private final List<String> calls = new ArrayList<>();

    /** (2, 3, 4) of 0 to 23, a scalar 7, and rows of nothing. */
    @BeforeEach
    void write() throws Exception {
        path = directory.resolve("t.safetensors");
        double[] numbers = IntStream.range(0, 24).asDoubleStream().toArray();
        new SafetensorsWriter()
                .add("t", numbers, new Shape(2, 3, 4), StoredType.BF16)
                .add("s", new double[] {7}, new Shape(), StoredType.F32)
                .add("none", new double[0], new Shape(3, 0), StoredType.F32)
                .addMetadata("format", "pt")
                .write(path);
    }

    /** Adds 100 times its number to each row, and says what it was given. */
    private TransformedTensors rows(Map<String, String> furtherNames) throws Exception {
        return new TransformedTensors(
                SafetensorsFile.open(path),
                furtherNames,
                (name, firstRow, width, values) -> {
                    calls.add(name + " " + firstRow + " " + width + " x" + values.length / width);
                    for (int i = 0; i < values.length; i++) {
                        values[i] += 100 * (firstRow + i / width);
                    }
                });
    }

    private static float expected(int index) {
        int row = index / 4;
        return index + 100f * row;
    }

    @Test
    void readFloats_anyRange_isChangedByWholeRows() throws Exception {
        try (TensorSource source = rows(Map.of())) {
            for (int start = 0; start <= 24; start++) {
                for (int count = 0; count <= 24 - start; count++) {
                    float[] values = new float[count];
                    source.readFloats("t", start, values);
                    for (int i = 0; i < count; i++) {
                        assertThat(values[i]).isEqualTo(expected(start + i));
                    }
                }
            }
            calls.clear();
            source.readFloats("t", 6, new float[7]);
            assertThat(calls).containsExactly("t 1 4 x3");
        }
    }

    @Test
    void readFloats_beyondTheTensor_isRefusedByWhatWasAsked() throws Exception {
        try (TensorSource source = rows(Map.of("u", "t"))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> source.readFloats("u", 21, new float[4]))
                    .withMessage("4 values from 21 on are more than tensor 'u' has (24)");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> source.readFloats("t", -1, new float[2]))
                    .withMessage("2 values from -1 on are more than tensor 't' has (24)");
            assertThat(calls).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_everyFloat_isChangedThenConverted(String engine) throws Exception {
        try (TensorSource source = rows(Map.of());
                NDManager manager = Engines.manager(engine)) {
            for (DataType type :
                    new DataType[] {DataType.FLOAT64, DataType.FLOAT32, DataType.FLOAT16}) {
                try (NDArray array = source.read("t", manager, type);
                        NDArray wide = array.toType(DataType.FLOAT64, true)) {
                    assertThat(array.getDataType()).isEqualTo(type);
                    assertThat(array.getShape()).isEqualTo(new Shape(2, 3, 4));
                    assertThat(wide.toDoubleArray())
                            .containsExactly(
                                    IntStream.range(0, 24)
                                            .mapToDouble(TransformedTensorsTest::expected)
                                            .toArray());
                }
            }
            try (NDArray scalar = source.read("s", manager, DataType.FLOAT32);
                    NDArray none = source.read("none", manager, DataType.FLOAT32)) {
                assertThat(scalar.toFloatArray()).containsExactly(7f);
                assertThat(none.getShape()).isEqualTo(new Shape(3, 0));
            }
        }
        assertThat(calls).contains("t 0 4 x6", "s 0 1 x1");
    }

    @Test
    void readDoubles_rows_areChanged() throws Exception {
        try (TensorSource source = rows(Map.of())) {
            assertThat(source.readDoubles("t"))
                    .containsExactly(
                            IntStream.range(0, 24)
                                    .mapToDouble(TransformedTensorsTest::expected)
                                    .toArray());
            assertThat(source.readDoubles("none")).isEmpty();
        }
    }

    /** By a further name a tensor is changed in another way, and hides one of that name. */
    @Test
    void names_further_areReadByTheirOwn() throws Exception {
        TensorSource file = SafetensorsFile.open(path);
        try (TransformedTensors source =
                new TransformedTensors(
                        file,
                        Map.of("s", "t", "twice", "t"),
                        (name, firstRow, width, values) -> {
                            for (int i = 0; i < values.length; i++) {
                                values[i] *= name.equals("twice") ? 2 : -1;
                            }
                        })) {
            assertThat(source.names()).containsExactlyInAnyOrder("t", "s", "none", "twice");
            assertThat(source.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(source).hasToString(file.toString());
            assertThat(source.info("twice").shape()).isEqualTo(new Shape(2, 3, 4));
            assertThat(source.info("s").type()).isEqualTo(StoredType.BF16);
            assertThat(source.readDoubles("twice")).startsWith(0, 2, 4).endsWith(44, 46);
            assertThat(source.readDoubles("s")).hasSize(24).endsWith(-22, -23);
            assertThat(source.readDoubles("t")).endsWith(-22, -23);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> file.readDoubles("t"))
                .withMessageEndingWith("is closed: read tensors before close()");
    }
}

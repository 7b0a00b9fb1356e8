package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TransposedTensorsTest {

    private static final String ENGINES = "io.github.djlblocks.checkpoint.Engines#required";

    /**
     * (2, 3); a third has more digits than FLOAT32 holds, and 1 + 2^-11 lies between two halves.
     */
    private static final double[] STORED = {1.0 / 3, 2, 3, 4, 5, 1 + 0x1p-11};

    private static final double[] TURNED = {1.0 / 3, 4, 2, 5, 3, 1 + 0x1p-11};

    @TempDir private Path directory;
    private Path path = Path.of("");

    @BeforeEach
    void write() throws Exception {
        path = directory.resolve("m.safetensors");
        new SafetensorsWriter()
                .addMetadata("format", "pt")
                .add("turned.f64", STORED, new Shape(2, 3), StoredType.F64)
                .add("turned.f32", STORED, new Shape(2, 3), StoredType.F32)
                .add("turned.f16", STORED, new Shape(2, 3), StoredType.F16)
                .add("turned.bf16", STORED, new Shape(2, 3), StoredType.BF16)
                .add("turned.vector", STORED, new Shape(6), StoredType.F32)
                .add("turned.cube", STORED, new Shape(1, 2, 3), StoredType.F32)
                .add("other", STORED, new Shape(2, 3), StoredType.F64)
                .write(path);
    }

    private TransposedTensors open() throws Exception {
        return new TransposedTensors(Checkpoints.open(path), name -> name.startsWith("turned."));
    }

    @Test
    void info_ofEachTensor_turnsTheShapeOfMatricesAlone() throws Exception {
        try (TensorSource source = open()) {
            assertThat(source.names()).hasSize(7);
            assertThat(source.metadata()).containsEntry("format", "pt");
            assertThat(source.info("turned.bf16"))
                    .isEqualTo(new TensorInfo("turned.bf16", StoredType.BF16, new Shape(3, 2), 12));
            assertThat(source.info("turned.vector").shape()).isEqualTo(new Shape(6));
            assertThat(source.info("turned.cube").shape()).isEqualTo(new Shape(1, 2, 3));
            assertThat(source.info("other").shape()).isEqualTo(new Shape(2, 3));
            assertThat(source.readDoubles("turned.vector"))
                    .isEqualTo(Arrays.stream(STORED).map(v -> (float) v).toArray());
            assertThat(source.readDoubles("other")).isEqualTo(STORED);
        }
    }

    @Test
    void readDoubles_everyStoredType_turnsTheExactValues() throws Exception {
        try (TensorSource source = open()) {
            assertThat(source.readDoubles("turned.f64")).isEqualTo(TURNED);
            assertThat(source.readDoubles("turned.f32"))
                    .isEqualTo(Arrays.stream(TURNED).map(v -> (float) v).toArray());
            // 1/3 has the bits 1.0101..., cut after 10 and after 7 of them; 1 + 2^-11 becomes 1.
            assertThat(source.readDoubles("turned.f16"))
                    .containsExactly(1365 / 4096.0, 4, 2, 5, 3, 1);
            assertThat(source.readDoubles("turned.bf16"))
                    .containsExactly(171 / 512.0, 4, 2, 5, 3, 1);
        }
    }

    @Test
    void readFloats_anyPart_isThatOfTheTurnedMatrix() throws Exception {
        try (TensorSource source = open()) {
            for (String name : new String[] {"turned.f64", "turned.f32"}) {
                for (int start = 0; start < TURNED.length; start++) {
                    for (int end = start; end <= TURNED.length; end++) {
                        float[] values = new float[end - start];
                        source.readFloats(name, start, values);
                        for (int i = 0; i < values.length; i++) {
                            assertThat(values[i]).isEqualTo((float) TURNED[start + i]);
                        }
                    }
                }
            }
            float[] row = new float[3];
            source.readFloats("other", 3, row);
            assertThat(row).containsExactly(4, 5, (float) (1 + 0x1p-11));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> source.readFloats("turned.f32", 4, new float[3]))
                    .withMessage("tensor 'turned.f32' has 6 values: there are no 3 from 4 on");
        }
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void read_everyStoredTypeAsEveryType_turnsAndRoundsOnce(String engine) throws Exception {
        try (TensorSource source = open();
                NDManager manager = Engines.manager(engine)) {
            for (String type : new String[] {"f64", "f32", "f16", "bf16"}) {
                String name = "turned." + type;
                double[] exact = source.readDoubles(name);
                for (DataType as : Conversions.readableAs(StoredType.F64)) {
                    try (NDArray array = source.read(name, manager, as);
                            NDArray wide = array.toType(DataType.FLOAT64, true)) {
                        assertThat(array.getDataType()).isEqualTo(as);
                        assertThat(array.getShape()).isEqualTo(new Shape(3, 2));
                        double digits =
                                as == DataType.FLOAT64 ? 0 : as == DataType.FLOAT32 ? 24 : 11;
                        double[] expected =
                                Arrays.stream(exact).map(v -> rounded(v, (int) digits)).toArray();
                        assertThat(wide.toDoubleArray())
                                .as("%s as %s", name, as)
                                .isEqualTo(expected);
                    }
                }
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> source.read(name, manager, DataType.INT64))
                        .withMessageContaining("cannot be read as int64");
            }
        }
    }

    /** To so many binary digits, ties to even; 0 for all. */
    private static double rounded(double value, int digits) {
        if (digits == 0) {
            return value;
        }
        double unit = Math.scalb(1.0, Math.getExponent(value) - digits + 1);
        return Math.rint(value / unit) * unit;
    }
}

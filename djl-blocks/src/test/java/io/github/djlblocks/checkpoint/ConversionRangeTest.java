package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Numbers that the type asked for cannot hold. */
class ConversionRangeTest {

    @TempDir private Path directory;

    @ParameterizedTest
    @MethodSource("io.github.djlblocks.checkpoint.Engines#required")
    void read_numberBeyondTheType_isRefused(String engine) throws Exception {
        assertRefused(engine, StoredType.BF16, -65536, DataType.FLOAT16, "FLOAT32");
        assertRefused(engine, StoredType.F32, 65520, DataType.FLOAT16, "FLOAT32");
        assertRefused(engine, StoredType.F64, 1e300, DataType.FLOAT32, "FLOAT64");
    }

    private void assertRefused(
            String engine, StoredType stored, double value, DataType asked, String instead)
            throws Exception {
        Path path = directory.resolve(stored + ".safetensors");
        new SafetensorsWriter().add("t", new double[] {value}, new Shape(1), stored).write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path);
                NDManager manager = Engines.manager(engine)) {
            assertThatThrownBy(() -> file.read("t", manager, asked))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "tensor 't' holds "
                                    + value
                                    + ", which is beyond "
                                    + asked.name()
                                    + ": read it as "
                                    + instead);
            assertThat(manager.getManagedArrays()).isEmpty();
        }
    }
}

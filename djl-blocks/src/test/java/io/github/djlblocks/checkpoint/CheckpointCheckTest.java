package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import io.github.djlblocks.internal.ParameterPaths;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link CheckpointLoader#check}: what loading would find, without loading. */
class CheckpointCheckTest {

    private static final WeightMap MAP =
            WeightMap.builder().rename("w", "weight").ignore("spare").tie("bias", "w").build();

    @TempDir private Path directory;

    private TensorSource source(Shape shape, StoredType type) throws Exception {
        Path path = directory.resolve("t.safetensors");
        double[] numbers = new double[Math.toIntExact(shape.size())];
        new SafetensorsWriter()
                .add("w", numbers, shape, type)
                .add("spare", new double[1], new Shape(1), StoredType.I64)
                .write(path);
        return SafetensorsFile.open(path);
    }

    private static TinyBlock block() {
        return TinyBlock.affine(new Shape(3), new Shape(3));
    }

    @Test
    void check_whatFits_reportsAndReadsNothing() throws Exception {
        TinyBlock block = block();
        TensorSource source = source(new Shape(3), StoredType.F16);
        // Closed, it still knows its header, and no value.
        source.close();
        LoadReport report = CheckpointLoader.check(block, source, MAP, DataType.FLOAT32);
        assertThat(report.loaded())
                .containsExactly(Map.entry("weight", "w"), Map.entry("bias", "w"));
        assertThat(report.tied()).containsExactly(Map.entry("bias", "w"));
        assertThat(report.ignored()).containsExactly("spare");
        assertThat(ParameterPaths.of(block).values()).noneMatch(Parameter::isInitialized);
        assertThat(block.isInitialized()).isFalse();
    }

    @Test
    void check_faults_areThoseOfLoading() throws Exception {
        try (TensorSource source = source(new Shape(2), StoredType.I64);
                NDManager manager = Engines.manager("PyTorch")) {
            TinyBlock block = block();
            assertThatExceptionOfType(MalformedModelException.class)
                    .isThrownBy(() -> CheckpointLoader.check(block, source, MAP, DataType.FLOAT32))
                    .withMessageContaining("weight (3) <- w (2)")
                    .withMessageContaining("tensor 'w' is stored as I64 and cannot be read as")
                    .satisfies(
                            fault ->
                                    assertThatExceptionOfType(MalformedModelException.class)
                                            .isThrownBy(
                                                    () ->
                                                            CheckpointLoader.load(
                                                                    block,
                                                                    source,
                                                                    MAP,
                                                                    manager,
                                                                    DataType.FLOAT32,
                                                                    new Shape(1, 3)))
                                            .withMessage(fault.getMessage()));
        }
    }

    @Test
    void check_initializedBlock_isRefused() throws Exception {
        try (TensorSource source = source(new Shape(3), StoredType.F32);
                NDManager manager = Engines.manager("PyTorch")) {
            TinyBlock block = block();
            block.setInitializer(Initializer.ONES, parameter -> true);
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
            assertThatIllegalStateException()
                    .isThrownBy(() -> CheckpointLoader.check(block, source, MAP, DataType.FLOAT32))
                    .withMessage(
                            "parameter weight is initialized already: clear() the block first");
            assertThat(block.isInitialized()).isTrue();
        }
    }
}

package io.github.djlblocks.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.StagedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CheckpointWriterTest {

    private static final String ENGINES = "io.github.djlblocks.checkpoint.Engines#required";

    @TempDir private Path directory;

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** 8, 8, 24 and 4 bytes: two fill a shard of 16, the third is larger than one. */
    private static CheckpointWriter writer(NDManager manager) {
        return new CheckpointWriter(StoredType.F32)
                .add("z", manager.create(new float[] {1, 2}), false)
                .add("y", manager.create(new float[] {3, 4}), false)
                .add("m", manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3)), true)
                .add("a", manager.create(new float[] {7}), false);
    }

    @ParameterizedTest
    @MethodSource(ENGINES)
    void write_smallShards_haveAnIndexThatOpens(String engine) throws Exception {
        try (NDManager manager = Engines.manager(engine)) {
            writer(manager).addFile("note.txt", new byte[] {65}).write(directory, 16);
        }
        assertThat(files())
                .containsExactly(
                        "model-00001-of-00003.safetensors",
                        "model-00002-of-00003.safetensors",
                        "model-00003-of-00003.safetensors",
                        "model.safetensors.index.json",
                        "note.txt");
        assertThat(directory.resolve(Checkpoints.INDEX_FILE))
                .hasContent(
                        """
                        {
                          "metadata": {
                            "total_size": 44
                          },
                          "weight_map": {
                            "a": "model-00003-of-00003.safetensors",
                            "m": "model-00002-of-00003.safetensors",
                            "y": "model-00001-of-00003.safetensors",
                            "z": "model-00001-of-00003.safetensors"
                          }
                        }
                        """);
        try (TensorSource source = Checkpoints.open(directory)) {
            assertThat(source.metadata()).containsEntry("format", "pt");
            assertThat(source.readDoubles("z")).containsExactly(1, 2);
            assertThat(source.info("m").shape()).isEqualTo(new Shape(3, 2));
            assertThat(source.readDoubles("m")).containsExactly(1, 4, 2, 5, 3, 6);
            assertThat(source.readDoubles("a")).containsExactly(7);
        }
    }

    @Test
    void write_overAnotherCheckpoint_leavesNoneOfItsWeights() throws Exception {
        Files.writeString(directory.resolve("model.safetensors"), "old");
        Files.writeString(directory.resolve("tokenizer.json"), "kept");
        try (NDManager manager = Engines.manager("PyTorch")) {
            writer(manager).write(directory, 24);
            assertThat(files()).hasSize(5).doesNotContain("model.safetensors");
            writer(manager).write(directory, 44);
        }
        assertThat(files()).containsExactly("model.safetensors", "tokenizer.json");
        assertThat(directory.resolve("tokenizer.json")).hasContent("kept");
    }

    @Test
    void write_arrayClosedMeanwhile_changesNothing() throws Exception {
        Files.writeString(directory.resolve("model.safetensors"), "old");
        Path made = directory.resolve("not/there/yet");
        try (NDManager manager = Engines.manager("PyTorch")) {
            NDArray closed = manager.create(new float[] {1, 2});
            CheckpointWriter writer = writer(manager).add("last", closed, false);
            closed.close();
            assertThatThrownBy(() -> writer.write(directory, 16))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> writer.write(made, 16))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThat(files()).containsExactly("model.safetensors");
        assertThat(directory.resolve("model.safetensors")).hasContent("old");
    }

    /** The second file is missing when the first has been moved. */
    @Test
    void publish_failsHalfWay_bringsBackWhatWasThere() throws Exception {
        Files.writeString(directory.resolve("first"), "old");
        Files.writeString(directory.resolve("obsolete"), "old too");
        try (StagedFiles staged = StagedFiles.in(directory)) {
            Files.writeString(staged.file("first"), "new");
            Files.writeString(staged.file("added"), "new");
            staged.file("second");
            assertThatThrownBy(() -> staged.publish(name -> name.equals("obsolete")))
                    .isInstanceOf(NoSuchFileException.class);
        }
        assertThat(files()).containsExactly("first", "obsolete");
        assertThat(directory.resolve("first")).hasContent("old");
        assertThat(directory.resolve("obsolete")).hasContent("old too");
    }

    @Test
    void add_whatCannotBeStored_saysSo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CheckpointWriter(StoredType.I8))
                .withMessage("weights cannot be stored as I8: use F32, BF16, F16 or F64");
        try (NDManager manager = Engines.manager("PyTorch")) {
            CheckpointWriter writer = writer(manager);
            NDArray vector = manager.create(new float[] {1});
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.add("z", vector, false))
                    .withMessage("tensor 'z' is added twice: names must be unique");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.add("v", vector, true))
                    .withMessage(
                            "tensor 'v' of shape (1) cannot be turned: only a matrix has rows and"
                                    + " columns");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write(directory, 0))
                    .withMessage("maxShardBytes (0) must be at least 1");
        }
    }
}

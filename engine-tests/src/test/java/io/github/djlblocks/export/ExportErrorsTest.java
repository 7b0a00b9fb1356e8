package io.github.djlblocks.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be exported says why, and leaves the directory as it was. */
class ExportErrorsTest {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @TempDir Path directory;
    private Path file = Path.of("");

    @BeforeEach
    void writeWhatWasThere() throws IOException {
        file = Files.writeString(directory.resolve("block.pt"), "before");
    }

    @AfterEach
    void nothingElseIsThere() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
        assertThat(file).hasContent("before");
        manager.close();
    }

    private static ExportOptions.Builder x() {
        return ExportOptions.builder().addInput("x", new Shape(2, 3), DataType.FLOAT32);
    }

    private Block linear() {
        Block block = Linear.withBias(3, 4);
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        return block;
    }

    private void refused(
            Block block,
            ExportOptions options,
            Path path,
            Class<? extends Exception> type,
            String... words) {
        assertThatThrownBy(() -> TorchScript.export(block, path, options))
                .isInstanceOf(type)
                .hasMessageContainingAll(words);
    }

    @Test
    void blockThatComputesOnItsOwn_isRefused() {
        Block block = new SequentialBlock().add(LambdaBlock.singleton(array -> array.exp()));
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        refused(
                block,
                x().build(),
                file,
                UnsupportedOperationException.class,
                "SequentialBlock cannot be exported: ",
                "exp");
    }

    @Test
    void parameterOfNoChild_isRefused() {
        refused(
                new Hiding(linear()),
                x().build(),
                file,
                UnsupportedOperationException.class,
                "Hiding cannot be exported: it computes with parameter 'weight', which none of its"
                        + " child blocks has: add the block that has it as a child");
    }

    @Test
    void parameterWithoutValues_isRefused() {
        refused(
                Linear.withBias(3, 4),
                x().build(),
                file,
                IllegalStateException.class,
                "parameter 'weight' has no values: initialise or load the block before it is"
                        + " exported");
    }

    @Test
    void inputThatTheBlockRefuses_isRefused() {
        ExportOptions options =
                ExportOptions.builder().addInput("x", new Shape(2, 5), DataType.FLOAT32).build();
        refused(linear(), options, file, IllegalArgumentException.class, "5", "3");
    }

    @Test
    void cache_isRefused() {
        PairList<String, Object> params = new PairList<>();
        params.add("cache", KeyValueCache.growing(manager, 2));
        refused(
                linear(),
                x().optParams(params).build(),
                file,
                UnsupportedOperationException.class,
                "Linear cannot be exported: the params of method forward hold a key/value cache,"
                    + " and a file must know what becomes of it: say optCaches(CacheForm.ARGUMENTS)"
                    + " or STATE, or export the pass over whole sequences");
    }

    @Test
    void unknownParam_isRefused() {
        PairList<String, Object> params = new PairList<>();
        params.add("hint", new Object());
        refused(
                linear(),
                x().optParams(params).build(),
                file,
                UnsupportedOperationException.class,
                "Linear cannot be exported: param hint of Object is not known");
    }

    @Test
    void directoryThatIsNotThere_isRefused() {
        refused(
                linear(),
                x().build(),
                directory.resolve("models/block.pt"),
                NoSuchFileException.class,
                "block.pt",
                "its directory does not exist: create it first");
    }

    @Test
    void directoryInPlaceOfAFile_isRefused() {
        refused(
                linear(),
                x().build(),
                directory,
                FileSystemException.class,
                directory.toString(),
                "is a directory: give the path of a file in it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "1x", "self", "torch", "lambda", "v0", "t12_mask", "ids-2"})
    void inputName_thatIsNoArgument_isRefused(String name) {
        ExportOptions.Builder options = ExportOptions.builder();
        assertThatThrownBy(() -> options.addInput(name, new Shape(2), DataType.INT64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "' cannot be the name of an input: take an");
    }

    @Test
    void inputNamedTwice_isRefused() {
        ExportOptions.Builder options = x();
        assertThatThrownBy(() -> options.addInput("x", new Shape(2), DataType.INT64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("two inputs are named 'x': give them different names");
    }

    @Test
    void unknownAxis_isRefused() {
        ExportOptions.Builder options = ExportOptions.builder();
        assertThatThrownBy(() -> options.addInput("ids", new Shape(-1, 8), DataType.INT64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "shape (-1, 8) of input 'ids' has an unknown axis: give an example, as 2,"
                                + " which stays free in the file");
    }

    @Test
    void noInputs_areRefused() {
        ExportOptions.Builder options = ExportOptions.builder();
        assertThatThrownBy(options::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an exported method needs an input: add one with addInput");
    }

    /** Runs a block that it does not show. */
    private static final class Hiding extends AbstractBlock {
        private final Block hidden;

        Hiding(Block hidden) {
            this.hidden = hidden;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            return hidden.forward(store, inputs, training);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return hidden.getOutputShapes(inputShapes);
        }
    }
}

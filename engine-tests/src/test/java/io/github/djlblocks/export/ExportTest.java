package io.github.djlblocks.export;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is in an exported file besides the numbers, and where it runs. */
class ExportTest {

    private static final Tolerance TOLERANCE = Tolerance.of(DataType.FLOAT32, 4 + 6 + 4, 4);

    @TempDir Path directory;

    private static NDManager manager(String engine) {
        return NDManager.newBaseManager(Device.cpu(), engine);
    }

    /** Channels 4 to 6, in a norm and three maps. */
    private static SequentialBlock container(NDManager manager, DataType type) {
        SequentialBlock block =
                new SequentialBlock()
                        .add(RmsNorm.builder().setChannels(4).build())
                        .add(
                                GatedFeedForward.of(
                                        Linear.withoutBias(4, 6),
                                        Linear.withoutBias(4, 6),
                                        Linear.withBias(6, 4)));
        block.freezeParameters(true);
        block.initialize(manager, type, new Shape(2, 3, 4));
        return block;
    }

    private static NDArray x(NDManager manager, DataType type, long batch, long length) {
        return manager.arange(Math.toIntExact(batch * length * 4))
                .reshape(batch, length, 4)
                .sub(7)
                .div(5)
                .toType(type, false);
    }

    private Path export(Block block, Shape shape, DataType type) throws IOException {
        Path file = directory.resolve("block.pt");
        ExportOptions options = ExportOptions.builder().addInput("x", shape, type).build();
        TorchScript.export(block, file, options);
        return file;
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT16", "FLOAT32", "FLOAT64"})
    void export_ofAType_keepsIt(DataType type) throws IOException, ModelException {
        try (NDManager manager = manager("PyTorch")) {
            Block block = container(manager, type);
            Path file = export(block, new Shape(2, 3, 4), type);
            NDList inputs = new NDList(x(manager, type, 3, 5));
            try (Model model = Exports.load(file)) {
                NDArray y = Exports.forward(model.getBlock(), inputs).get(0);
                assertThat(y)
                        .isCloseTo(
                                Exports.forward(block, inputs).get(0),
                                Tolerance.of(type, 4 + 6 + 4, 4));
                assertThat(
                                model.getBlock()
                                        .getDirectParameters()
                                        .get("GatedFeedForward.down.bias")
                                        .getArray()
                                        .getDataType())
                        .isEqualTo(type);
            }
        }
    }

    @Test
    void export_fromMxnet_runsInPyTorch() throws IOException, ModelException {
        try (NDManager mxnet = manager("MXNet");
                NDManager manager = manager("PyTorch")) {
            Block block = container(mxnet, DataType.FLOAT32);
            Path file = export(block, new Shape(2, 3, 4), DataType.FLOAT32);
            NDArray expected =
                    Exports.forward(block, new NDList(x(mxnet, DataType.FLOAT32, 3, 5))).get(0);
            try (Model model = Exports.load(file)) {
                NDArray y =
                        Exports.forward(
                                        model.getBlock(),
                                        new NDList(x(manager, DataType.FLOAT32, 3, 5)))
                                .get(0);
                assertThat(y).isCloseTo(expected, TOLERANCE);
            }
        }
    }

    @Test
    void loadedFile_amongOurBlocks_isOneOfThem() throws IOException, ModelException {
        try (NDManager manager = manager("PyTorch")) {
            Block first = container(manager, DataType.FLOAT32);
            Path file = export(first, new Shape(2, 3, 4), DataType.FLOAT32);
            Block last = container(manager, DataType.FLOAT32);
            NDList inputs = new NDList(x(manager, DataType.FLOAT32, 3, 5));
            NDArray expected = Exports.forward(last, Exports.forward(first, inputs)).get(0);
            try (Model model = Exports.load(file)) {
                Block hybrid = new SequentialBlock().add(model.getBlock()).add(last);
                assertThat(Exports.forward(hybrid, inputs).get(0)).isCloseTo(expected, TOLERANCE);
            }
        }
    }

    @Test
    void severalOutputs_areATuple() throws IOException, ModelException {
        try (NDManager manager = manager("PyTorch")) {
            Block first = container(manager, DataType.FLOAT32);
            Block second = Linear.withBias(4, 5);
            ParallelBlock both =
                    new ParallelBlock(
                            lists -> new NDList(lists.get(1).get(0), lists.get(0).get(0)));
            both.add(first).add(second);
            both.freezeParameters(true);
            both.initialize(manager, DataType.FLOAT32, new Shape(2, 3, 4));
            Path file = export(both, new Shape(2, 3, 4), DataType.FLOAT32);
            NDList inputs = new NDList(x(manager, DataType.FLOAT32, 3, 5));
            NDList expected = Exports.forward(both, inputs);
            try (Model model = Exports.load(file)) {
                NDList found = Exports.forward(model.getBlock(), inputs);
                assertThat(found).hasSize(2);
                assertThat(found.get(0)).isCloseTo(expected.get(0), TOLERANCE);
                assertThat(found.get(1)).isCloseTo(expected.get(1), TOLERANCE);
            }
        }
    }

    @Test
    void tiedParameter_isStoredOnceAndHasEachOfItsNames() throws IOException, ModelException {
        try (NDManager manager = manager("PyTorch")) {
            Linear twice = Linear.withBias(4, 4);
            Block block = new SequentialBlock().add(twice).add(twice);
            block.freezeParameters(true);
            block.initialize(manager, DataType.FLOAT32, new Shape(2, 3, 4));
            Path file = export(block, new Shape(2, 3, 4), DataType.FLOAT32);
            try (ZipFile zip = new ZipFile(file.toFile())) {
                assertThat(Collections.list(zip.entries()))
                        .extracting(ZipEntry::getName)
                        .filteredOn(name -> name.contains("/data/"))
                        .containsExactly("archive/data/0", "archive/data/1");
            }
            String text = Exports.text(file);
            assertThat(text).contains("01Linear", "02Linear");
            NDList inputs = new NDList(x(manager, DataType.FLOAT32, 3, 5));
            try (Model model = Exports.load(file)) {
                assertThat(Exports.forward(model.getBlock(), inputs).get(0))
                        .isCloseTo(Exports.forward(block, inputs).get(0), TOLERANCE);
            }
        }
    }

    @Test
    void axisOfOne_isOneInTheFile_andAnotherAxisIsFree() throws IOException, ModelException {
        try (NDManager manager = manager("PyTorch")) {
            Block block = container(manager, DataType.FLOAT32);
            Path file = export(block, new Shape(1, 3, 4), DataType.FLOAT32);
            NDList inputs = new NDList(x(manager, DataType.FLOAT32, 1, 7));
            try (Model model = Exports.load(file)) {
                assertThat(Exports.forward(model.getBlock(), inputs).get(0))
                        .isCloseTo(Exports.forward(block, inputs).get(0), TOLERANCE);
            }
        }
    }
}

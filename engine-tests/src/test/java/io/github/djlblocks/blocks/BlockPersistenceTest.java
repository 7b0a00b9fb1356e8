package io.github.djlblocks.blocks;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What one engine saves the others load, and compute the same with it. */
class BlockPersistenceTest {

    private static final String CASES = "io.github.djlblocks.blocks.BlockCases#onEveryEngine";

    @TempDir Path directory;

    @ParameterizedTest(name = "{0} saved on {1}")
    @MethodSource(CASES)
    void loadParameters_onEveryEngine_sameBitsSameNumbers(BlockCase tested, EngineUnderTest savedOn)
            throws Exception {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            try (NDManager first = savedOn.newManager()) {
                Block original = tested.initialized(first, type);
                byte[] saved = save(original);
                NDArray expected =
                        BlockCase.infer(original, first, tested.newInputs(first, type, 6));
                for (EngineUnderTest loadedOn : EnginesUnderTest.discover()) {
                    try (NDManager second = loadedOn.newManager()) {
                        Block loaded = tested.newBlock();
                        load(loaded, second, saved);
                        assertSameParameters(loaded, original);
                        NDArray actual =
                                BlockCase.infer(loaded, second, tested.newInputs(second, type, 6));
                        assertThat(actual).isCloseTo(expected, tested.betweenEngines(type));
                    }
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} saved on {1}")
    @MethodSource(CASES)
    void modelSaveAndLoad_onEveryEngine_sameBitsSameNumbers(
            BlockCase tested, EngineUnderTest savedOn) throws Exception {
        DataType type = DataType.FLOAT32;
        try (Model model = Model.newInstance("contract", savedOn.device(), savedOn.engineName())) {
            NDManager first = model.getNDManager();
            Block original = tested.initialized(first, type);
            model.setBlock(original);
            model.save(directory, "contract");
            NDArray expected = BlockCase.infer(original, first, tested.newInputs(first, type, 7));
            for (EngineUnderTest loadedOn : EnginesUnderTest.discover()) {
                try (Model other =
                        Model.newInstance("contract", loadedOn.device(), loadedOn.engineName())) {
                    Block loaded = tested.newBlock();
                    other.setBlock(loaded);
                    other.load(directory, "contract");
                    assertSameParameters(loaded, original);
                    NDManager second = other.getNDManager();
                    NDArray actual =
                            BlockCase.infer(loaded, second, tested.newInputs(second, type, 7));
                    assertThat(actual).isCloseTo(expected, tested.betweenEngines(type));
                }
            }
        }
    }

    @EachEngine
    void loadParameters_ofAnotherSize_namesBothShapes(NDManager manager) throws IOException {
        Block wide = Linear.withBias(3, 5);
        wide.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
        byte[] saved = save(wide);
        Block narrow = Linear.withBias(3, 4);

        assertThatThrownBy(() -> load(narrow, manager, saved))
                .isInstanceOf(MalformedModelException.class)
                .hasMessage(
                        "Linear: parameter weight has shape (5, 3) in the file but (4, 3) in the"
                                + " block: build the block with the sizes it was saved with");
        assertThat(narrow.isInitialized()).isFalse();
    }

    @EachEngine
    void loadParameters_afterOneThatFailed_loadsAndLeavesNothingBehind(NDManager manager)
            throws Exception {
        Block right = Linear.withBias(3, 4);
        right.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
        Block wide = Linear.withBias(3, 5);
        wide.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
        byte[] good = save(right);
        byte[] wrong = save(wide);
        byte[] cut = Arrays.copyOf(good, good.length - 3);
        int open = manager.getManagedArrays().size();
        for (byte[] bad : List.of(wrong, cut)) {
            Block block = Linear.withBias(3, 4);
            assertThatThrownBy(() -> load(block, manager, bad)).isInstanceOf(Exception.class);
            assertThat(block.isInitialized()).isFalse();
            assertThat(manager.getManagedArrays()).hasSize(open);
            load(block, manager, good);
            assertSameParameters(block, right);
            block.clear();
        }
    }

    private static byte[] save(Block block) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static void load(Block block, NDManager manager, byte[] saved)
            throws IOException, MalformedModelException {
        block.loadParameters(manager, new DataInputStream(new ByteArrayInputStream(saved)));
    }

    private static void assertSameParameters(Block actual, Block expected) {
        Map<String, Parameter> wanted = ParameterPaths.of(expected);
        Map<String, Parameter> loaded = ParameterPaths.of(actual);
        assertThat(List.copyOf(loaded.keySet())).isEqualTo(List.copyOf(wanted.keySet()));
        Iterator<Parameter> originals = wanted.values().iterator();
        loaded.forEach(
                (path, parameter) ->
                        assertThat(parameter.getArray())
                                .as(path)
                                .isExactly(originals.next().getArray()));
    }
}

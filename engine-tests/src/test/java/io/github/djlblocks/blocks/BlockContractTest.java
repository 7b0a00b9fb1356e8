package io.github.djlblocks.blocks;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Shapes, data types, names and repeatability of every block. */
class BlockContractTest {

    private static final String CASES = "io.github.djlblocks.blocks.BlockCases#onEveryEngine";
    private static final String BLOCKS = "io.github.djlblocks.blocks.BlockCases#all";

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void getOutputShapes_knownAndUnknownSizes_agreeWithTheOutput(
            BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.initialized(manager, DataType.FLOAT32);
            NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 3);
            Shape actual = BlockCase.infer(block, manager, inputs).getShape();

            assertThat(block.getOutputShapes(tested.inputShapes())).containsExactly(actual);
            Shape[] unknown = block.getOutputShapes(tested.unknownShapes());
            assertThat(unknown).hasSize(1);
            assertThat(withoutUnknown(unknown[0], actual)).isEqualTo(actual);
            assertThat(unknown[0].get(0)).isEqualTo(-1);
        }
    }

    private static Shape withoutUnknown(Shape shape, Shape actual) {
        long[] sizes = shape.getShape().clone();
        for (int i = 0; i < sizes.length && i < actual.dimension(); i++) {
            sizes[i] = sizes[i] == -1 ? actual.get(i) : sizes[i];
        }
        return new Shape(sizes);
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void initialize_eitherPrecision_parametersAndOutputHaveIt(
            BlockCase tested, EngineUnderTest engine) {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            try (NDManager manager = engine.newManager()) {
                Block block = tested.newBlock();
                block.initialize(manager, type, tested.unknownShapes());
                assertThat(block.isInitialized()).isTrue();
                for (Parameter parameter : block.getParameters().values()) {
                    assertThat(parameter.getArray()).hasDataType(type).hasNoNaN();
                    assertThat(parameter.getArray().getManager()).isSameAs(manager);
                }
                NDList inputs = tested.newInputs(manager, type, 4);
                assertThat(BlockCase.infer(block, manager, inputs)).hasDataType(type).hasNoNaN();
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource(BLOCKS)
    void parameters_beforeInitialize_haveNamesAndShapes(BlockCase tested) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        ParameterPaths.of(tested.newBlock())
                .forEach((path, parameter) -> shapes.put(path, parameter.getShape()));

        assertThat(new ArrayList<>(shapes.entrySet()))
                .isEqualTo(new ArrayList<>(tested.parameters().entrySet()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource(BLOCKS)
    void toString_namesTheBlock(BlockCase tested) {
        Block block = tested.newBlock();
        String kind = block.getClass().getSimpleName();

        assertThat(block.toString()).startsWith(kind);
        assertThat(Blocks.describe(block, null, 0)).contains(kind);
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void describe_initialized_listsEveryChild(BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.initialized(manager, DataType.FLOAT32);

            String text = block.toString() + Blocks.describe(block, "root", 2);
            for (String child : block.getChildren().keys()) {
                assertThat(text).contains(child.replaceFirst("^\\d\\d", ""));
            }
            assertThat(block.describeInput().values()).containsExactly(tested.inputShapes());
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void forward_twice_givesTheSameBits(BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.initialized(manager, DataType.FLOAT32);
            NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 5);
            List<NDArray> copies = inputs.stream().map(NDArray::duplicate).toList();

            NDArray first = BlockCase.infer(block, manager, inputs);
            assertThat(BlockCase.infer(block, manager, inputs)).isExactly(first);
            for (int i = 0; i < copies.size(); i++) {
                assertThat(inputs.get(i)).isExactly(copies.get(i));
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(
            value = DataType.class,
            names = {"BFLOAT16", "INT8", "INT16", "INT32", "INT64", "UINT8", "BOOLEAN"})
    void initialize_typeWithoutArithmetic_refusesItOnEveryEngine(DataType type) {
        BlockCases.onEveryEngine()
                .forEach(
                        arguments -> {
                            BlockCase tested = (BlockCase) arguments.get()[0];
                            EngineUnderTest engine = (EngineUnderTest) arguments.get()[1];
                            refuses(tested, engine, type);
                        });
    }

    private static void refuses(BlockCase tested, EngineUnderTest engine, DataType type) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.newBlock();
            assertThatIllegalArgumentException()
                    .as("%s on %s", tested, engine)
                    .isThrownBy(() -> block.initialize(manager, type, tested.inputShapes()))
                    .withMessage(
                            "data type "
                                    + type
                                    + " cannot be computed through NDArray: use FLOAT32, FLOAT64 or"
                                    + " FLOAT16");
            assertThat(manager.getManagedArrays()).isEmpty();
        }
    }
}

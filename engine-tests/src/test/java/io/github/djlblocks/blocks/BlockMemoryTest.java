package io.github.djlblocks.blocks;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Native memory: a pass leaves its output with the caller, and nothing anywhere else. */
class BlockMemoryTest {

    private static final String CASES = "io.github.djlblocks.blocks.BlockCases#onEveryEngine";

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void forward_inferenceAndTraining_leavesOnlyTheOutput(
            BlockCase tested, EngineUnderTest engine) {
        try (NDManager model = engine.newManager();
                NDManager caller = engine.newManager()) {
            Block block = tested.initialized(model, DataType.FLOAT32);
            NDList inputs = tested.newInputs(caller, DataType.FLOAT32, 8);
            ParameterStore store = new ParameterStore(model, false);
            for (boolean training : new boolean[] {false, true}) {
                LeakGuard.of(model)
                        .check(
                                () ->
                                        LeakGuard.of(caller)
                                                .check(
                                                        () ->
                                                                block.forward(
                                                                        store, inputs, training),
                                                        1));
            }
            LeakGuard engineGuard = LeakGuard.ofEngine(caller);
            engineGuard.check(() -> block.forward(store, inputs, false), 1);
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void forward_insideAScopeOfTheCaller_isFreedWithIt(BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.initialized(manager, DataType.FLOAT32);
            NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 9);
            LeakGuard.of(manager)
                    .check(
                            () -> {
                                try (NDScope scope = new NDScope()) {
                                    scope.suppressNotUsedWarning();
                                    BlockCase.infer(block, manager, inputs);
                                }
                            });
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void forward_thatThrows_leavesNothing(BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.initialized(manager, DataType.FLOAT32);
            NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 10);
            spoil(inputs, tested, manager);
            LeakGuard.of(manager)
                    .check(
                            () ->
                                    assertThatThrownBy(
                                                    () -> BlockCase.infer(block, manager, inputs))
                                            .isInstanceOf(IllegalArgumentException.class));
            assertThat(block.isInitialized()).isTrue();
        }
    }

    /** Makes an input that is refused as late as possible: only its values or type are wrong. */
    private static void spoil(NDList inputs, BlockCase tested, NDManager manager) {
        int last = inputs.size() - 1;
        NDArray right = inputs.get(last);
        boolean hasPositions = last > 0;
        NDArray wrong;
        if (hasPositions) {
            wrong = manager.ones(right.getShape(), DataType.FLOAT32);
        } else if (tested.takesNumbers()) {
            wrong = right.toType(DataType.FLOAT64, true);
        } else {
            wrong = manager.full(right.getShape(), BlockCase.VOCABULARY, DataType.INT64);
        }
        inputs.set(last, wrong);
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void forward_storeThatCopies_sameNumbersAndTheCopiesStayOpen(
            BlockCase tested, EngineUnderTest engine) {
        try (NDManager model = engine.newManager();
                NDManager mirror = engine.newManager();
                NDManager caller = engine.newManager()) {
            Block block = tested.initialized(model, DataType.FLOAT32);
            NDList inputs = tested.newInputs(caller, DataType.FLOAT32, 11);
            NDArray expected = BlockCase.infer(block, model, inputs);
            ParameterStore store = new ParameterStore(mirror, true);

            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(LeakGuard.of(mirror).openArrays()).isEqualTo(tested.parameters().size());
        }
    }

    @EachEngine
    void forward_foreignChildAndStoreThatCopies_theCopiesStayOpen(
            EngineUnderTest engine, NDManager model) {
        Block foreign = Linear.builder().setUnits(BlockCases.E).build();
        Block block = Residual.pre(BlockCases.rmsNorm(), foreign);
        Shape shape = new Shape(2, 3, BlockCases.E);
        block.initialize(model, DataType.FLOAT32, shape);
        try (NDManager mirror = engine.newManager();
                NDManager caller = engine.newManager()) {
            NDList inputs = new NDList(caller.ones(shape));
            NDArray expected = BlockCase.infer(block, model, inputs);
            ParameterStore store = new ParameterStore(mirror, true);

            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(LeakGuard.of(mirror).openArrays()).isEqualTo(3);
        }
    }
}

package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.parity.EngineUnderTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is compiled ends with its manager, weights that only TorchScript holds included. */
class CompiledMemoryTest {

    private static final int SIZE = 4096;
    private static final int ROUNDS = 8;

    static Stream<CompileOptions> close_manager_freesWeights() {
        return Stream.of(
                CompileOptions.defaults().demanded(),
                CompileOptions.defaults().demanded().withWeights(WeightFormat.BFLOAT16),
                CompileOptions.defaults().demanded().withWeights(WeightFormat.INT8));
    }

    // 64 MiB of parameters and up to as much packed, eight times: kept, they would be 512 MiB.
    @ParameterizedTest
    @MethodSource
    void close_manager_freesWeights(CompileOptions options) {
        compileAndRun(options);
        compileAndRun(options);
        long before = NativeMemory.inUse();
        for (int i = 0; i < ROUNDS; i++) {
            compileAndRun(options);
        }
        long allowed = ROUNDS * (12L << 20);
        assertThat(NativeMemory.grownSince(before, allowed)).isLessThan(allowed);
    }

    private static void compileAndRun(CompileOptions options) {
        try (NDManager manager = EngineUnderTest.onCpu("PyTorch").newManager()) {
            Linear linear = Linear.withoutBias(SIZE, SIZE);
            linear.setInitializer(Initializer.ONES, parameter -> true);
            linear.freezeParameters(true);
            linear.initialize(manager, DataType.FLOAT32, new Shape(1, SIZE));
            Block compiled = TorchScript.compiled(linear, manager, options);
            NDList x = new NDList(manager.ones(new Shape(1, SIZE)));
            NDList y = compiled.forward(new ParameterStore(manager, false), x, false);
            assertThat(y.singletonOrThrow().getFloat(0, SIZE - 1))
                    .isCloseTo(SIZE, within(0.02f * SIZE));
        }
    }
}

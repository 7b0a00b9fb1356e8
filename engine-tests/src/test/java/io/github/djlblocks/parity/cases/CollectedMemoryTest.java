package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients after a garbage collection between the two passes. Numbers and tables that a block
 * makes in Java must not lie in memory that Java takes back before the backward pass reads it.
 */
class CollectedMemoryTest {

    private static final int[] SIZES = {4, 8, 16, 40, 64, 96, 160, 240};

    static Stream<Arguments> casesOnEngines() {
        List<EngineUnderTest> engines = EnginesUnderTest.discover();
        return BlockCases.all().stream()
                .filter(parityCase -> !parityCase.isRandomInTraining())
                .flatMap(parityCase -> engines.stream().map(e -> Arguments.of(parityCase, e)));
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("casesOnEngines")
    void backward_afterACollection_givesTheGradientsFromBefore(
            ParityCase parityCase, EngineUnderTest engine) {
        Map<String, double[]> before =
                ParityRunner.backward(parityCase, engine, DataType.FLOAT32).gradients();

        Map<String, double[]> after =
                ParityRunner.backward(
                                parityCase, engine, DataType.FLOAT32, CollectedMemoryTest::collect)
                        .gradients();

        assertThat(after.keySet()).isEqualTo(before.keySet());
        before.forEach(
                (name, gradient) -> assertThat(after.get(name)).as(name).isEqualTo(gradient));
    }

    /** Frees what nothing in Java holds, and fills it with other numbers. */
    private static void collect() {
        System.gc();
        List<ByteBuffer> junk = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            for (int size : SIZES) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(size);
                while (buffer.hasRemaining()) {
                    buffer.put((byte) 0x41);
                }
                junk.add(buffer);
            }
        }
        assertThat(junk).isNotEmpty();
    }
}

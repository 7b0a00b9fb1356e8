package io.github.djlblocks.parity;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.Arrays;

/**
 * Agreement of engines is not correctness: DJL's Mish takes the binary logarithm where the formula,
 * {@code x tanh(ln(1 + e^x))} (arXiv:1908.08681), has the natural one, and does so on every engine.
 */
class MishTrapTest {

    private static final Shape SHAPE = new Shape(4, 16);
    private static final double[] X =
            RandomTensors.rounded(RandomTensors.uniform(17, -4, 4, 4, 16), DataType.FLOAT32);

    // Five elementwise steps, each well conditioned here; both sides may be off.
    private static final Tolerance TOLERANCE = Tolerance.of(DataType.FLOAT32, 5, 2);

    private static NDArray mish(NDManager manager) {
        return Activation.mish(RandomTensors.toNDArray(manager, X, SHAPE, DataType.FLOAT32));
    }

    @EachEngine
    void mish_everyEngine_agreesWithPyTorch(NDManager manager) {
        try (NDManager reference = EngineUnderTest.onCpu("PyTorch").newManager()) {
            assertThat(mish(manager)).isCloseTo(mish(reference), TOLERANCE);
        }
    }

    @EachEngine
    void mish_everyEngine_failsAgainstTheFormula(NDManager manager) {
        double[] expected =
                Arrays.stream(X).map(x -> x * Math.tanh(Math.log(1 + Math.exp(x)))).toArray();

        assertThatThrownBy(() -> assertThat(mish(manager)).isCloseTo(expected, SHAPE, TOLERANCE))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("of 64 elements differ; worst at [");
    }

    @EachEngine
    void mish_everyEngine_isTheFormulaWithTheBinaryLogarithm(NDManager manager) {
        double[] expected =
                Arrays.stream(X)
                        .map(x -> x * Math.tanh(Math.log(1 + Math.exp(x)) / Math.log(2)))
                        .toArray();

        assertThat(mish(manager)).isCloseTo(expected, SHAPE, TOLERANCE);
    }
}

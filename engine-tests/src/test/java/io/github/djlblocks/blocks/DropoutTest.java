package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutTest {

    private static final Shape SHAPE = new Shape(40, 50, 10);
    private static final int N = (int) SHAPE.size();

    private static NDArray run(Dropout block, NDManager manager, NDArray x, boolean training) {
        return block.forward(
                        new ParameterStore(manager, false),
                        new NDList(x),
                        training,
                        new PairList<>())
                .singletonOrThrow();
    }

    private static NDArray input(NDManager manager, DataType type) {
        return RandomTensors.toNDArray(
                manager, RandomTensors.uniform(8, 1, 2, SHAPE.getShape()), SHAPE, type);
    }

    @EachEngine(dataTypes = {DataType.FLOAT16, DataType.FLOAT32, DataType.FLOAT64})
    void forward_forInference_isTheInputItself(NDManager manager, DataType type) {
        NDArray x = input(manager, type);

        assertThat(run(Dropout.of(0.3), manager, x, false)).isSameAs(x);
        if (type != DataType.FLOAT16) {
            assertThat(run(Dropout.of(0), manager, x, true)).isSameAs(x);
        }
        assertThat(x.isReleased()).isFalse();
    }

    /** Outside of a gradient collector too, where DJL's own operator refuses on MXNet. */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void forward_inTraining_dropsItsShareAndScalesTheRest(NDManager manager, DataType type) {
        NDArray x = input(manager, type);
        double[] xs = HostValues.of(x);

        NDArray y = run(Dropout.of(0.25), manager, x, true);

        assertThat(y.getDataType()).isEqualTo(type);
        assertThat(y.getShape()).isEqualTo(SHAPE);
        double[] ys = HostValues.of(y);
        double epsilon = 0x1p-22;
        for (int i = 0; i < N; i++) {
            if (ys[i] != 0) {
                assertThat(ys[i]).isCloseTo(xs[i] / 0.75, within(4 * epsilon));
            }
        }
        assertShare(0.25, ys, 0, N);
        // every part of the array alike, and no two neighbours the same
        assertShare(0.25, ys, 0, N / 4);
        assertShare(0.25, ys, 3 * N / 4, N);
        assertThat(HostValues.of(run(Dropout.of(0.25), manager, x, true))).isNotEqualTo(ys);
    }

    /** A share of n draws scatters by sqrt(p (1 - p) / n); six times that is one in 10^9. */
    private static void assertShare(double rate, double[] y, int from, int to) {
        double zeros = Arrays.stream(y, from, to).filter(v -> v == 0).count();
        double deviation = Math.sqrt(rate * (1 - rate) / (to - from));
        assertThat(zeros / (to - from)).isCloseTo(rate, within(6 * deviation));
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void backward_goesWhereTheForwardPassWent(
            EngineUnderTest engine, NDManager manager, DataType type) {
        NDArray x = input(manager, type);
        double[] xs = HostValues.of(x);
        double[] r = RandomTensors.uniform(9, 1, 2, SHAPE.getShape());
        double[] ys = new double[N];

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        Map.of("x", x),
                        r,
                        () -> {
                            NDArray y = run(Dropout.of(0.5), manager, x, true);
                            System.arraycopy(HostValues.of(y), 0, ys, 0, N);
                            return y;
                        });

        double[] expected = new double[N];
        for (int i = 0; i < N; i++) {
            expected[i] = r[i] * ys[i] / xs[i];
        }
        assertThat(gradients.get("x")).containsExactly(expected, within(1e-6));
        assertShare(0.5, expected, 0, N);
    }

    @EachEngine
    void forward_sameSeed_dropsTheSame(EngineUnderTest engine, NDManager manager) {
        NDArray x = input(manager, DataType.FLOAT32);

        manager.getEngine().setRandomSeed(77);
        double[] first = HostValues.of(run(Dropout.of(0.5), manager, x, true));
        manager.getEngine().setRandomSeed(77);

        assertThat(HostValues.of(run(Dropout.of(0.5), manager, x, true)))
                .as(engine.toString())
                .isEqualTo(first);
    }

    @EachEngine
    void forward_integers_asksForACast(NDManager manager) {
        NDArray x = manager.create(new int[] {1, 2});

        assertThatIllegalArgumentException()
                .isThrownBy(() -> run(Dropout.of(0.5), manager, x, true))
                .withMessage("Dropout: input is int32, expected a floating type: cast the input");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
    void of_noRate_isRefused(double rate) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Dropout.of(rate))
                .withMessage("rate (" + rate + ") must be at least 0 and below 1");
    }

    @Test
    void getOutputShapes_anyShape_isKept() {
        Shape shape = new Shape(-1, 3);
        assertThat(Dropout.of(0.5).getOutputShapes(new Shape[] {shape})).containsExactly(shape);
    }
}

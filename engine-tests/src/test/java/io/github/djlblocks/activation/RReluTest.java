package io.github.djlblocks.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import java.util.Arrays;
import java.util.Map;

class RReluTest {

    private static final int N = 4000;

    private static NDArray input(NDManager manager, DataType dataType) {
        double[] x = new double[N];
        Arrays.setAll(x, i -> i % 2 == 0 ? -2 : 3);
        return manager.create(x, new Shape(N)).toType(dataType, false);
    }

    private static NDArray run(NDManager manager, NDArray x, boolean training) {
        return RRelu.of(0.25, 0.75)
                .forward(
                        new ParameterStore(manager, false),
                        new NDList(x),
                        training,
                        new PairList<>())
                .singletonOrThrow();
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forward_inference_hasTheMeanSlope(NDManager manager, DataType dataType) {
        double[] y = HostValues.of(run(manager, input(manager, dataType), false));

        for (int i = 0; i < N; i++) {
            assertThat(y[i]).isEqualTo(i % 2 == 0 ? -1 : 3);
        }
    }

    /** 2000 uniform slopes: their mean has deviation 0.5 / sqrt(12 * 2000) = 0.0032. */
    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void forward_training_drawsASlopeForEachElement(NDManager manager, DataType dataType) {
        NDArray x = input(manager, dataType);
        double[] y = HostValues.of(run(manager, x, true));

        double[] slopes = new double[N / 2];
        for (int i = 0; i < N; i++) {
            if (i % 2 == 0) {
                slopes[i / 2] = y[i] / -2;
            } else {
                assertThat(y[i]).isEqualTo(3);
            }
        }
        assertThat(Arrays.stream(slopes).boxed()).allMatch(s -> s >= 0.25 && s <= 0.75);
        assertThat(Arrays.stream(slopes).average().orElseThrow()).isCloseTo(0.5, within(0.016));
        assertThat(Arrays.stream(slopes).distinct().count()).isGreaterThan(1900);
        assertThat(HostValues.of(run(manager, x, true))).isNotEqualTo(y);
    }

    @EachEngine
    void backward_training_isTheSlopeDrawn(EngineUnderTest engine, NDManager manager) {
        NDArray x = input(manager, DataType.FLOAT32);
        double[] ones = new double[N];
        Arrays.fill(ones, 1);
        double[][] y = new double[1][];

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        Map.of("x", x),
                        ones,
                        () -> {
                            NDArray output = run(manager, x, true);
                            y[0] = HostValues.of(output);
                            return output;
                        });

        double[] gradient = gradients.getOrDefault("x", new double[0]);
        assertThat(gradient).hasSize(N);
        for (int i = 0; i < N; i++) {
            assertThat(gradient[i]).isCloseTo(i % 2 == 0 ? y[0][i] / -2 : 1, within(1e-7));
        }
    }
}

package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.Map;

class GradientsTest {

    private static final double[] X = {1, 2, -3};
    private static final double[] R = {0.5, -1, 2};

    private static NDArray array(NDManager manager, DataType dataType, double... values) {
        return RandomTensors.toNDArray(manager, values, new Shape(values.length), dataType);
    }

    // y = x^2 * w: dx = 2 x w R = (4, -12, -12 * 4), dw = x^2 R = (0.5, -4, 18); exact numbers.
    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void of_twiceOnTheSameArrays_startsFromZeroEachTime(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        NDArray x = array(manager, dataType, X);
        NDArray w = array(manager, dataType, 4, 3, 4);
        Map<String, NDArray> variables = new LinkedHashMap<>();
        variables.put("weight", w);
        variables.put("input", x);

        for (int pass = 0; pass < 3; pass++) {
            Map<String, double[]> gradients =
                    Gradients.of(engine, variables, R, () -> x.square().mul(w));

            assertThat(gradients.keySet()).containsExactly("weight", "input");
            assertThat(gradients.get("weight")).containsExactly(0.5, -4, 18);
            assertThat(gradients.get("input")).containsExactly(4, -12, -48);
        }
        assertThat(x.hasGradient()).isFalse();
        assertThat(w.hasGradient()).isFalse();
    }

    @EachEngine
    void of_afterANaNGradient_startsFromZero(EngineUnderTest engine, NDManager manager) {
        NDArray x = array(manager, DataType.FLOAT32, X);
        x.setRequiresGradient(true);
        try (GradientCollector collector = engine.engine().newGradientCollector()) {
            collector.backward(x.mul(Float.NaN).sum());
        }

        double[] gradient = Gradients.of(engine, Map.of("x", x), R, () -> x.mul(2)).get("x");

        assertThat(gradient).containsExactly(1, -2, 4);
        assertThat(x.hasGradient()).isTrue();
    }

    @EachEngine
    void of_unusedVariable_isZero(EngineUnderTest engine, NDManager manager) {
        NDArray x = array(manager, DataType.FLOAT64, X);
        NDArray unused = array(manager, DataType.FLOAT64, 7, 8);

        Map<String, double[]> gradients =
                Gradients.of(engine, Map.of("x", x, "unused", unused), R, x::square);

        assertThat(gradients.get("unused")).containsExactly(0, 0);
        assertThat(gradients.get("x")).containsExactly(1, -4, -12);
    }

    @EachEngine
    void of_anyCall_leavesOnlyWhatForwardMade(EngineUnderTest engine, NDManager manager) {
        NDArray x = array(manager, DataType.FLOAT32, X);

        LeakGuard.of(manager).check(() -> Gradients.of(engine, Map.of("x", x), R, x::square), 1);
    }

    // y = x W^T + b for two rows x: dW = R^T x, db = the column sums of R, dx = R W.
    @EachEngine
    void of_parametersAndInput_matchTheFormula(EngineUnderTest engine, NDManager manager) {
        Linear linear = Linear.builder().setUnits(2).build();
        linear.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDArray weight = linear.getDirectParameters().get("weight").getArray();
        weight.set(new float[] {1, 2, 3, 4, 5, 6});
        NDArray x = manager.create(new float[] {1, 0, -1, 2, 1, 3}, new Shape(2, 3));
        Map<String, NDArray> variables = new LinkedHashMap<>(Gradients.parameters(linear));
        variables.put("input", x);
        ParameterStore store = new ParameterStore(manager, false);

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        new double[] {1, 2, 3, 4},
                        () -> linear.forward(store, new NDList(x), true).singletonOrThrow());

        assertThat(gradients.keySet()).containsExactly("weight", "bias", "input");
        assertThat(gradients.get("weight")).containsExactly(7, 3, 8, 10, 4, 10);
        assertThat(gradients.get("bias")).containsExactly(4, 6);
        assertThat(gradients.get("input")).containsExactly(9, 12, 15, 19, 26, 33);
    }

    @EachEngine
    void of_wrongNumberOfOutputGradients_namesBoth(EngineUnderTest engine, NDManager manager) {
        NDArray x = array(manager, DataType.FLOAT32, X);

        assertThatThrownBy(() -> Gradients.of(engine, Map.of("x", x), new double[2], x::square))
                .hasMessage("outputGradient has 2 elements, but the output FLOAT32 (3) has 3");
        assertThat(x.hasGradient()).isFalse();
    }
}

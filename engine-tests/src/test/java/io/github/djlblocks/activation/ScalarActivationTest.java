package io.github.djlblocks.activation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import java.util.Map;

/** Of a FLOAT32 scalar and a double PyTorch makes FLOAT64. */
class ScalarActivationTest {

    @EachEngine
    void forward_scalar_keepsItsTypeAndHasItsGradient(EngineUnderTest engine, NDManager manager) {
        check(engine, manager, Activations.block("leaky_relu"), -2, 0.01);
        check(engine, manager, Activations.block("relu6"), 3, 1);
        double density = Math.exp(-0.5) / Math.sqrt(2 * Math.PI);
        check(engine, manager, Activations.block("gelu"), 1, 0.8413447460685429 + density);
    }

    @EachEngine
    void dropout_scalar_isDroppedOrDoubled(EngineUnderTest engine, NDManager manager) {
        NDArray x = manager.create(3f);
        Block dropout = Dropout.of(0.5);
        double gradient = gradient(engine, manager, dropout, x);
        assertThat(gradient).isIn(0.0, 2.0);
    }

    private static void check(
            EngineUnderTest engine, NDManager manager, Block block, double at, double slope) {
        NDArray x = manager.create((float) at);
        NDArray y = block.forward(new ParameterStore(manager, false), new NDList(x), true).get(0);
        assertThat(y.getDataType()).isEqualTo(DataType.FLOAT32);
        assertThat(y.getShape()).isEqualTo(new Shape());
        assertThat(gradient(engine, manager, block, x)).isCloseTo(slope, within(1e-6));
    }

    private static double gradient(
            EngineUnderTest engine, NDManager manager, Block block, NDArray x) {
        ParameterStore store = new ParameterStore(manager, false);
        return Gradients.of(
                        engine,
                        Map.of("x", x),
                        new double[] {1},
                        () -> block.forward(store, new NDList(x), true).get(0))
                .getOrDefault("x", new double[0])[0];
    }
}

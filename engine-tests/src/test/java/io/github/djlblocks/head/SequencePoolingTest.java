package io.github.djlblocks.head;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import java.util.Map;

class SequencePoolingTest {

    /** After a ReLU, say: of equal largest numbers the first that is no padding counts, once. */
    @EachEngine
    void forward_maxOfEqualOnes_hasTheGradientOfTheFirst(
            EngineUnderTest engine, NDManager manager) {
        NDArray x = manager.create(new float[] {4, 0, 1, 0, 1, 0, 1, -2}, new Shape(1, 4, 2));
        NDArray mask = manager.create(new long[] {0, 1, 1, 1}, new Shape(1, 4));
        SequencePooling max = SequencePooling.of(Pooling.MAX);
        ParameterStore store = new ParameterStore(manager, false);

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        Map.of("x", x),
                        new double[] {3, 5},
                        () -> max.forward(store, new NDList(x, mask), true).get(0));

        assertThat(HostValues.of(max.forward(store, new NDList(x, mask), false).get(0)))
                .containsExactly(1, 0);
        assertThat(gradients.get("x")).containsExactly(0, 0, 3, 5, 0, 0, 0, 0);
    }
}

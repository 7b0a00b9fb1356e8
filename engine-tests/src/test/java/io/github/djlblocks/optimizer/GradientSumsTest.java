package io.github.djlblocks.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EachEngine;
import java.util.List;

/** A map (2 to 1) of ones: the gradient of its sum is the sum of its inputs. */
class GradientSumsTest {

    private static Linear ones(NDManager manager) {
        Linear linear = Linear.withoutBias(2, 1);
        linear.setInitializer(Initializer.ONES, parameter -> true);
        linear.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        return linear;
    }

    private static void backward(Linear linear, NDManager manager, float... inputs) {
        try (NDManager own = manager.newSubManager();
                GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDList x = new NDList(own.create(inputs, new Shape(1, 2)));
            NDArray y = linear.forward(new ParameterStore(own, false), x, true).get(0);
            collector.backward(y.sum());
        }
    }

    private static float[] values(GradientSums sums, Parameter parameter) {
        try (NDArray gradient = sums.of(parameter)) {
            return gradient.toFloatArray();
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void add_severalPasses_addsUp(NDManager manager) {
        Linear linear = ones(manager);
        Parameter weight = linear.getParameters().valueAt(0);
        backward(linear, manager, 100, 1000);
        try (GradientSums sums = new GradientSums(manager, List.of(weight))) {
            assertThat(values(sums, weight)).containsExactly(0, 0);
            backward(linear, manager, 1, 2);
            sums.add();
            backward(linear, manager, 10, 30);
            sums.add();
            assertThat(values(sums, weight)).containsExactly(11, 32);
            // A pass that does not come by this parameter adds nothing.
            sums.add();
            assertThat(values(sums, weight)).containsExactly(11, 32);
            sums.clear();
            assertThat(values(sums, weight)).containsExactly(0, 0);
            backward(linear, manager, 3, 4);
            sums.add();
            assertThat(values(sums, weight)).containsExactly(3, 4);
        }
    }

    @EachEngine
    void clip_normAboveTheBound_shortens(NDManager manager) {
        Linear first = ones(manager);
        Linear second = ones(manager);
        Parameter one = first.getParameters().valueAt(0);
        Parameter other = second.getParameters().valueAt(0);
        try (GradientSums sums = new GradientSums(manager, List.of(one, other))) {
            backward(first, manager, 2, 4);
            sums.add();
            backward(second, manager, 5, 6);
            sums.add();
            assertThat(sums.norm()).isCloseTo(9, within(1e-6));
            sums.clip(9, 9.5);
            assertThat(values(sums, one)).containsExactly(2, 4);
            sums.clip(9, 3);
            assertThat(values(sums, one))
                    .containsExactly(new float[] {2 / 3f, 4 / 3f}, within(1e-6f));
            assertThat(values(sums, other)).containsExactly(new float[] {5 / 3f, 2}, within(1e-6f));
            assertThat(sums.norm()).isCloseTo(3, within(1e-5));
        }
    }

    @EachEngine
    void clear_afterNaN_isZero(NDManager manager) {
        Linear linear = ones(manager);
        Parameter weight = linear.getParameters().valueAt(0);
        try (GradientSums sums = new GradientSums(manager, List.of(weight))) {
            backward(linear, manager, Float.NaN, Float.POSITIVE_INFINITY);
            sums.add();
            assertThat(sums.norm()).isNaN();
            sums.clear();
            backward(linear, manager, 3, 4);
            sums.add();
            assertThat(values(sums, weight)).containsExactly(3, 4);
        }
    }
}

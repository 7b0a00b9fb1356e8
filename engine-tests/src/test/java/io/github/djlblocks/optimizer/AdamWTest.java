package io.github.djlblocks.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.tracker.Tracker;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EachEngine;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class AdamWTest {

    private static final double BETA1 = 0.8;
    private static final double BETA2 = 0.95;
    private static final double EPSILON = 1e-3;
    private static final double[][] GRADIENTS = {
        {0.5, -2, 0, 3e-4, 7, -0.25}, {-1, 0.125, 4, 0.5, -3, 2}, {0.75, 1, -6, 0, 0.5, -8}
    };

    /** The published algorithm, step by step on doubles. */
    private static double[] expected(double start, double decay, double rateFactor) {
        double[] weights = new double[6];
        for (int i = 0; i < weights.length; i++) {
            double w = start;
            double m = 0;
            double v = 0;
            for (int t = 1; t <= GRADIENTS.length; t++) {
                double g = GRADIENTS[t - 1][i];
                double rate = rateFactor * rate(t);
                m = BETA1 * m + (1 - BETA1) * g;
                v = BETA2 * v + (1 - BETA2) * g * g;
                double mHat = m / (1 - Math.pow(BETA1, t));
                double vHat = v / (1 - Math.pow(BETA2, t));
                w = w - rate * decay * w - rate * mHat / (Math.sqrt(vHat) + EPSILON);
            }
            weights[i] = w;
        }
        return weights;
    }

    private static double rate(int update) {
        return 0.1 / update;
    }

    private static Linear ones(NDManager manager, DataType dataType) {
        Linear linear = Linear.withBias(3, 2);
        linear.setInitializer(Initializer.ONES, parameter -> true);
        linear.initialize(manager, dataType, new Shape(1, 3));
        return linear;
    }

    private static AdamWBuilder builder(Linear linear) {
        Tracker rate = update -> (float) rate(update);
        return AdamW.builder(linear)
                .optLearningRate(rate)
                .optBetas(BETA1, BETA2)
                .optEpsilon(EPSILON)
                .optWeightDecay(0.25);
    }

    private static void update(AdamW optimizer, Linear linear, String path, NDManager manager) {
        Parameter parameter = Objects.requireNonNull(ParameterPaths.of(linear).get(path));
        NDArray weight = parameter.getArray();
        for (double[] gradient : GRADIENTS) {
            try (NDArray all = manager.create(gradient, new Shape(2, 3));
                    NDArray wide = path.equals("bias") ? all.get(":, 0") : all.get("...");
                    NDArray own = wide.toType(weight.getDataType(), true)) {
                optimizer.update(parameter.getId(), weight, own);
            }
        }
    }

    private static double[] values(Linear linear, String path) {
        NDArray array = Objects.requireNonNull(ParameterPaths.of(linear).get(path)).getArray();
        try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }

    private static double within32(DataType dataType) {
        return dataType == DataType.FLOAT32 ? 2e-6 : 1e-7;
    }

    /** The schedule is FLOAT32, as DJL's trackers are: FLOAT64 agrees to 1e-8 of 0.1. */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void update_severalTimes_followsTheAlgorithm(NDManager manager, DataType dataType) {
        Linear linear = ones(manager, dataType);
        try (AdamW optimizer = builder(linear).build()) {
            update(optimizer, linear, "weight", manager);
            update(optimizer, linear, "bias", manager);
            assertThat(values(linear, "weight"))
                    .containsExactly(expected(1, 0.25, 1), within(within32(dataType)));
            double[] all = expected(1, 0, 1);
            assertThat(values(linear, "bias"))
                    .containsExactly(new double[] {all[0], all[3]}, within(within32(dataType)));
        }
    }

    @EachEngine
    void update_groups_haveDecayAndRateOfTheirOwn(NDManager manager) {
        Linear linear = ones(manager, DataType.FLOAT64);
        try (AdamW optimizer =
                builder(linear)
                        .optNoDecay((path, parameter) -> path.equals("weight"))
                        .addGroup((path, parameter) -> true, 0.75, 3)
                        .addGroup((path, parameter) -> path.equals("bias"), 0.5, 0.5)
                        .build()) {
            update(optimizer, linear, "weight", manager);
            update(optimizer, linear, "bias", manager);
            assertThat(values(linear, "weight"))
                    .containsExactly(expected(1, 0.75, 3), within(1e-7));
            double[] all = expected(1, 0.5, 0.5);
            assertThat(values(linear, "bias"))
                    .containsExactly(new double[] {all[0], all[3]}, within(1e-7));
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void restore_memoryOfAnother_goesOnAsItWould(NDManager manager) {
        Linear straight = ones(manager, DataType.FLOAT32);
        Linear broken = ones(manager, DataType.FLOAT32);
        try (AdamW whole = builder(straight).build();
                AdamW first = builder(broken).build();
                AdamW second = builder(broken).build()) {
            update(whole, straight, "weight", manager);
            update(whole, straight, "weight", manager);
            update(first, broken, "weight", manager);
            second.restore(first.memory(), first.updates());
            assertThat(second.updates()).isEqualTo(Map.of("weight", 3));
            update(second, broken, "weight", manager);
            assertThat(values(broken, "weight")).isEqualTo(values(straight, "weight"));
        }
    }

    @EachEngine
    void restore_memoryOfOtherParameters_isRefused(NDManager manager) {
        Linear linear = ones(manager, DataType.FLOAT32);
        try (AdamW optimizer = builder(linear).build()) {
            assertThatThrownBy(() -> optimizer.restore(Map.of(), Map.of("up.weight", 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "what was remembered of 'up.weight' does not fit: this AdamW was built"
                                    + " for other parameters");
        }
    }

    @EachEngine
    void update_parameterOfAnotherBlock_isRefused(NDManager manager) {
        Linear linear = ones(manager, DataType.FLOAT32);
        Parameter other =
                Objects.requireNonNull(
                        ParameterPaths.of(ones(manager, DataType.FLOAT32)).get("bias"));
        try (AdamW optimizer = builder(linear).build()) {
            assertThatThrownBy(() -> optimizer.require("head.bias", other))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "parameter 'head.bias' is none of the 2 this AdamW was built for: build"
                                    + " it when the block has all of its children, adapters"
                                    + " included");
        }
    }

    @EachEngine
    void update_afterClose_isRefused(NDManager manager) {
        Linear linear = ones(manager, DataType.FLOAT32);
        AdamW optimizer = builder(linear).build();
        optimizer.close();
        assertThatThrownBy(() -> update(optimizer, linear, "weight", manager))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("this AdamW is closed: build another one");
    }

    @Test
    void build_valuesOutOfRange_areNamed() {
        Linear linear = Linear.withBias(3, 2);
        assertThatThrownBy(() -> AdamW.builder(linear).optBetas(1, 0.9).build())
                .hasMessage("beta1 (1.0) must be from 0 to below 1");
        assertThatThrownBy(() -> AdamW.builder(linear).optBetas(0.9, -1).build())
                .hasMessage("beta2 (-1.0) must be from 0 to below 1");
        assertThatThrownBy(() -> AdamW.builder(linear).optEpsilon(0).build())
                .hasMessage("epsilon (0.0) must be above 0");
        assertThatThrownBy(() -> AdamW.builder(linear).optWeightDecay(-0.5).build())
                .hasMessage("weight decay (-0.5) must not be negative");
        assertThatThrownBy(() -> AdamW.builder(linear).addGroup((path, p) -> true, -1, 1))
                .hasMessage("decay (-1.0) and rate factor (1.0) of a group must not be negative");
    }

    @Test
    void warmUpCosine_risesAndFalls() {
        WarmUpCosine rate = new WarmUpCosine(8, 4, 12, 2);
        float[] expected = {2, 4, 6, 8};
        for (int update = 1; update <= 4; update++) {
            assertThat(rate.getNewValue(update)).isEqualTo(expected[update - 1]);
        }
        assertThat(rate.getNewValue(6)).isCloseTo(5 + 3 * (float) Math.sqrt(0.5), within(1e-6f));
        assertThat(rate.getNewValue(8)).isCloseTo(5, within(1e-6f));
        assertThat(rate.getNewValue(12)).isEqualTo(2);
        assertThat(rate.getNewValue(100)).isEqualTo(2);
        assertThat(WarmUpCosine.toZero(3, 0, 2).getNewValue(0)).isEqualTo(3);
        assertThat(WarmUpCosine.toZero(3, 0, 2).getNewValue(1)).isCloseTo(1.5f, within(1e-6f));
        assertThat(WarmUpCosine.toZero(3, 2, 2).getNewValue(3)).isZero();
    }

    @Test
    void warmUpCosine_valuesOutOfRange_areNamed() {
        assertThatThrownBy(() -> WarmUpCosine.toZero(1, 11, 10))
                .hasMessage("a warm-up of 11 updates must be from 0 to all of them, 10");
        assertThatThrownBy(() -> new WarmUpCosine(-1, 1, 10, 0))
                .hasMessage("rates of -1.0 and 0.0 must be finite and not negative");
    }
}

package io.github.djlblocks.feedforward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.activation.ActivationBlock;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleMixtureOfExperts;
import io.github.djlblocks.parity.oracle.OracleRouting;
import io.github.djlblocks.parity.oracle.OracleSoftmax;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Two layers of four experts, two chosen, over six tokens of which two are padding. */
class RouterLogTest {

    private static final int N = 6;
    private static final int M = 4;
    private static final int E = 3;
    private static final long[] MASK = {1, 1, 0, 1, 1, 0};
    private static final double[] ALL = {1, 1, 1, 1, 1, 1};
    private static final double[] MASKED = {1, 1, 0, 1, 1, 0};
    private static final Offset<Double> ROUNDING = within(1e-12);

    private static final double[] X = RandomTensors.normal(5, N, E);
    private static final double[][] WEIGHTS = {
        RandomTensors.normal(6, M, E), RandomTensors.normal(7, M, E)
    };

    private static MixtureOfExperts layer(NDManager manager, int number, Score score) {
        MixtureOfExperts block =
                MixtureOfExperts.builder()
                        .setRouter(
                                Router.builder()
                                        .setHiddenSize(E)
                                        .setExperts(M)
                                        .setExpertsPerToken(2)
                                        .optScore(score)
                                        .build())
                        .setExperts(
                                Collections.nCopies(
                                        M, (Block) ActivationBlock.of(ActivationFunction.TANH)))
                        .build();
        block.getRouter()
                .getParameters()
                .get("weight")
                .setInitializer((m, shape, type) -> m.create(WEIGHTS[number], shape));
        block.initialize(manager, DataType.FLOAT64, new Shape(2, 3, E));
        return block;
    }

    /** Value and gradients of a loss over both layers, fed the same x. */
    private static void compare(
            EngineUnderTest engine,
            NDManager manager,
            Score score,
            BiFunction<RouterLog, NDManager, NDArray> loss,
            BiFunction<Var, Var, Var> truth) {
        MixtureOfExperts first = layer(manager, 0, score);
        MixtureOfExperts second = layer(manager, 1, score);
        NDArray x = manager.create(X, new Shape(2, 3, E));
        Map<String, NDArray> variables =
                Map.of(
                        "x",
                        x,
                        "first",
                        first.getRouter().getParameters().get("weight").getArray(),
                        "second",
                        second.getRouter().getParameters().get("weight").getArray());
        double[] value = new double[1];
        Map<String, double[]> found =
                Gradients.of(
                        engine,
                        variables,
                        new double[] {1},
                        () -> {
                            RouterLog log = new RouterLog();
                            for (Block layer : List.of(first, second)) {
                                layer.forward(
                                        new ParameterStore(manager, false),
                                        new NDList(x),
                                        true,
                                        log.addTo(new PairList<>()));
                            }
                            NDArray y = loss.apply(log, manager);
                            value[0] = HostValues.of(y)[0];
                            return y;
                        });
        Var input = Var.of(X, N, E);
        Var w0 = Var.of(WEIGHTS[0], M, E);
        Var w1 = Var.of(WEIGHTS[1], M, E);
        Var y =
                truth.apply(
                        OracleLinear.linear(input, w0, null), OracleLinear.linear(input, w1, null));
        y.backward(1);
        assertThat(value[0]).isCloseTo(y.values()[0], ROUNDING);
        assertThat(found.get("x")).containsExactly(input.gradient(), ROUNDING);
        assertThat(found.get("first")).containsExactly(w0.gradient(), ROUNDING);
        assertThat(found.get("second")).containsExactly(w1.gradient(), ROUNDING);
    }

    private static Var both(Var first, Var second) {
        // (2 N, M), by maps that put one above the other, so that gradients follow.
        return OracleMath.add(stacked(first, 0), stacked(second, N));
    }

    private static Var stacked(Var rows, int from) {
        int[] ids = new int[2 * N];
        double[] keep = new double[2 * N * M];
        for (int i = 0; i < N; i++) {
            ids[from + i] = i;
            Arrays.fill(keep, (from + i) * M, (from + i + 1) * M, 1);
        }
        return OracleMath.mul(
                OracleLinear.embedding(ids, new int[] {2 * N}, rows), Var.of(keep, 2 * N, M));
    }

    private static double[] twice(double[] counts) {
        double[] twice = Arrays.copyOf(counts, 2 * N);
        System.arraycopy(counts, 0, twice, N, N);
        return twice;
    }

    private static Var balance(Var first, Var second, boolean sigmoid, double[] counts) {
        Var logits = both(first, second);
        OracleRouting all = new OracleRouting(M, sigmoid, true, 1, 1, 1, 1);
        Var probabilities =
                sigmoid
                        ? OracleMixtureOfExperts.weights(logits, null, all)
                        : OracleSoftmax.softmax(logits, 1);
        OracleRouting two = new OracleRouting(2, sigmoid, true, 1, 1, 1, 1);
        double[] chosen =
                Arrays.stream(OracleMixtureOfExperts.weights(logits, null, two).values())
                        .map(Math::signum)
                        .toArray();
        return OracleMixtureOfExperts.loadBalancing(probabilities, chosen, twice(counts));
    }

    /** What the loss of a FLOAT64 model is compared with; here the type alone is. */
    @EachEngine
    void losses_ofFloat32_areFloat32(NDManager manager) {
        Router router =
                Router.builder().setHiddenSize(E).setExperts(M).setExpertsPerToken(2).build();
        MixtureOfExperts block =
                MixtureOfExperts.builder()
                        .setRouter(router)
                        .setExperts(
                                Collections.nCopies(
                                        M, (Block) ActivationBlock.of(ActivationFunction.TANH)))
                        .build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3, E));
        NDList x = new NDList(manager.ones(new Shape(2, 3, E)));
        PairList<String, Object> params = new PairList<>();
        for (int step = 0; step < 2; step++) {
            // The params still hold the log of the last step.
            try (RouterLog log = new RouterLog()) {
                block.forward(new ParameterStore(manager, false), x, true, log.addTo(params));
                NDArray mask = mask(manager);
                NDArray loss = log.loadBalancingLoss(mask);
                NDArray same = log.loadBalancingLoss(mask.toType(DataType.BOOLEAN, false));
                assertThat(log.layers()).hasSize(1);
                assertThat(loss.getDataType()).isEqualTo(DataType.FLOAT32);
                assertThat(loss.getShape()).isEqualTo(new Shape());
                assertThat(log.zLoss(mask).getDataType()).isEqualTo(DataType.FLOAT32);
                assertThat(log.zLoss(mask).getShape()).isEqualTo(new Shape());
                assertThat(same.getFloat()).isEqualTo(loss.getFloat());
            }
        }
        assertThat(params.size()).isEqualTo(1);
    }

    private static NDArray mask(NDManager manager) {
        return manager.create(MASK, new Shape(2, 3));
    }

    @EachEngine
    void loadBalancingLoss_softmax_followsItsFormula(EngineUnderTest engine, NDManager manager) {
        compare(
                engine,
                manager,
                Score.SOFTMAX,
                (log, m) -> log.loadBalancingLoss(null),
                (a, b) -> balance(a, b, false, ALL));
        compare(
                engine,
                manager,
                Score.SOFTMAX,
                (log, m) -> log.loadBalancingLoss(mask(m)),
                (a, b) -> balance(a, b, false, MASKED));
    }

    @EachEngine
    void loadBalancingLoss_sigmoid_sharesTheSigmoids(EngineUnderTest engine, NDManager manager) {
        compare(
                engine,
                manager,
                Score.SIGMOID,
                (log, m) -> log.loadBalancingLoss(mask(m)),
                (a, b) -> balance(a, b, true, MASKED));
    }

    @EachEngine
    void zLoss_twoLayers_followsItsFormula(EngineUnderTest engine, NDManager manager) {
        compare(
                engine,
                manager,
                Score.SOFTMAX,
                (log, m) -> log.zLoss(null),
                (a, b) -> OracleMixtureOfExperts.zLoss(both(a, b), twice(ALL)));
        compare(
                engine,
                manager,
                Score.SOFTMAX,
                (log, m) -> log.zLoss(mask(m)),
                (a, b) -> OracleMixtureOfExperts.zLoss(both(a, b), twice(MASKED)));
    }

    @EachEngine
    void add_aPass_keepsWhatWasRoutedUntilClosed(NDManager manager) {
        RouterLog log = new RouterLog();
        NDArray logits;
        try (log) {
            layer(manager, 0, Score.SOFTMAX)
                    .forward(
                            new ParameterStore(manager, false),
                            new NDList(manager.create(X, new Shape(2, 3, E))),
                            false,
                            log.addTo(new PairList<>()));
            assertThat(log.layers()).hasSize(1);
            assertThat(log.layers().get(0).tokens()).isEqualTo(N);
            logits = log.layers().get(0).logits();
            double[] expected =
                    OracleLinear.linear(Var.of(X, N, E), Var.of(WEIGHTS[0], M, E), null).values();
            assertThat(HostValues.of(logits)).containsExactly(expected, ROUNDING);
        }
        assertThat(log.layers()).isEmpty();
        assertThat(logits.isReleased()).isTrue();
    }

    @Test
    void loss_nothingRouted_saysSo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RouterLog().zLoss(null))
                .withMessage(
                        "no routing to take a loss of: run a mixture of experts with this log in"
                                + " its params first");
    }

    @EachEngine
    void loss_maskThatDoesNotFit_namesBoth(NDManager manager) {
        RouterLog log = new RouterLog();
        layer(manager, 0, Score.SOFTMAX)
                .forward(
                        new ParameterStore(manager, false),
                        new NDList(manager.create(X, new Shape(2, 3, E))),
                        false,
                        log.addTo(new PairList<>()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.loadBalancingLoss(manager.create(new long[] {1, 1})))
                .withMessage("mask has 2 elements for 6 tokens: give one for each");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> log.zLoss(manager.create(new long[N])))
                .withMessage("mask leaves no token to take a loss of");
    }
}

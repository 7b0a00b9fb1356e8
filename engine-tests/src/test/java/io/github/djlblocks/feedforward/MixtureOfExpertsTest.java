package io.github.djlblocks.feedforward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import io.github.djlblocks.activation.ActivationBlock;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Routing;
import io.github.djlblocks.kernel.RoutingSpec;
import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

class MixtureOfExpertsTest {

    /** Multiplies by its number plus one, and writes down the rows it was given. */
    private static final class Counting extends UnaryBlock {

        private final int factor;
        private final List<Long> calls = new ArrayList<>();

        Counting(int number) {
            super("x (n, E)");
            factor = number + 1;
        }

        @Override
        protected Shape outputShape(Shape input) {
            return input;
        }

        @Override
        protected NDArray compute(
                ParameterStore store,
                NDArray x,
                boolean training,
                @Nullable PairList<String, Object> params) {
            calls.add(x.getShape().get(0));
            return x.mul(factor);
        }
    }

    private static List<Counting> experts(int count) {
        return IntStream.range(0, count).mapToObj(Counting::new).toList();
    }

    /** A router whose weight is the identity: logits are the first M channels of x. */
    private static MixtureOfExperts mixture(
            NDManager manager, List<Counting> experts, UnaryOperator<Router.Builder> change) {
        int m = experts.size();
        Router router =
                change.apply(Router.builder().setHiddenSize(m).setExperts(m).setExpertsPerToken(1))
                        .build();
        MixtureOfExperts block =
                MixtureOfExperts.builder().setRouter(router).setExperts(experts).build();
        identity(block);
        block.initialize(manager, DataType.FLOAT32, new Shape(1, m));
        return block;
    }

    private static void identity(Block block) {
        Initializer eye =
                (manager, shape, type) -> manager.eye((int) shape.get(0)).toType(type, false);
        for (Parameter parameter : block.getParameters().values()) {
            if (parameter.getName().equals("weight")) {
                parameter.setInitializer(eye);
            }
        }
    }

    private static double[] run(NDManager manager, Block block, NDArray x) {
        return HostValues.of(
                block.forward(
                                new ParameterStore(manager, false),
                                new NDList(x),
                                false,
                                new PairList<>())
                        .singletonOrThrow());
    }

    @EachEngine
    void forward_expertsNobodyChose_areNotRun(NDManager manager) {
        List<Counting> experts = experts(64);
        MixtureOfExperts block = mixture(manager, experts, b -> b);
        float[] logits = new float[3 * 64];
        logits[5] = 9;
        logits[64 + 40] = 9;
        logits[2 * 64 + 5] = 9;

        double[] y = run(manager, block, manager.create(logits, new Shape(1, 3, 64)));

        for (int e = 0; e < 64; e++) {
            List<Long> expected =
                    switch (e) {
                        case 5 -> List.of(2L);
                        case 40 -> List.of(1L);
                        default -> List.of();
                    };
            assertThat(experts.get(e).calls).as("expert %s", e).isEqualTo(expected);
        }
        double[] found = {y[5], y[64 + 40], y[2 * 64 + 5]};
        assertThat(found).containsExactly(9 * 6, 9 * 41, 9 * 6);
    }

    @EachEngine
    void forward_moreExpertsThanChosen_runsAtMostTokensTimesChosen(NDManager manager) {
        List<Counting> experts = experts(32);
        MixtureOfExperts block = mixture(manager, experts, b -> b.setExpertsPerToken(4));
        NDArray x = manager.randomNormal(new Shape(1, 5, 32));

        run(manager, block, x);

        List<Long> rows = experts.stream().flatMap(e -> e.calls.stream()).toList();
        assertThat(rows).hasSizeBetween(4, 20);
        assertThat(rows.stream().mapToLong(n -> n).sum()).isEqualTo(20);
        assertThat(experts).allMatch(e -> e.calls.size() <= 1);
    }

    @EachEngine
    void forward_equalScores_takesTheLowerNumbers(NDManager manager) {
        List<Counting> experts = experts(5);
        MixtureOfExperts block = mixture(manager, experts, b -> b.setExpertsPerToken(2));

        double[] y =
                run(manager, block, manager.create(new float[] {1, 2, 1, 2, 2}, new Shape(1, 5)));

        // Experts 1 and 3, half each: (2 + 4) / 2.
        assertThat(y).containsExactly(3, 6, 3, 6, 6);
        assertThat(IntStream.range(0, 5).filter(e -> !experts.get(e).calls.isEmpty()))
                .containsExactly(1, 3);
    }

    @EachEngine
    void forward_notANumber_reachesTheOutput(NDManager manager) {
        List<Counting> experts = experts(3);
        MixtureOfExperts block = mixture(manager, experts, b -> b);
        float[] x = {1, Float.NaN, 2, 5, 1, 1};

        double[] y = run(manager, block, manager.create(x, new Shape(2, 3)));

        assertThat(Arrays.copyOf(y, 3)).containsOnly(Double.NaN);
        assertThat(Arrays.copyOfRange(y, 3, 6)).containsExactly(5, 1, 1);
    }

    /** As in torch.topk: an expert that nobody chooses would hide it. */
    @EachEngine
    void route_notANumber_countsAsTheBest(NDManager manager) {
        NDArray logits = manager.create(new float[] {1, Float.NaN, 2}, new Shape(1, 3));
        RoutingSpec one = new RoutingSpec(1, Score.SIGMOID, true, 1, 1, 1, GroupScore.MAX);

        assertThat(Kernels.of(logits).route(logits, null, one).experts(0)).containsExactly(1);
    }

    private static int[] chosen(
            NDManager manager, UnaryOperator<Router.Builder> change, float... x) {
        MixtureOfExperts block = mixture(manager, experts(x.length), change);
        return block.getRouter()
                .route(
                        new ParameterStore(manager, false),
                        manager.create(x, new Shape(1, x.length)),
                        false)
                .experts(0);
    }

    /** The best expert is alone in its group; the pair of the other group is worth more. */
    @EachEngine
    void route_groups_areJudgedByTheirBestOrTheirTwoBest(NDManager manager) {
        float[] x = {3, -5, -5, 2, 2, -5};

        assertThat(chosen(manager, b -> b.optGroups(2, 1, GroupScore.MAX), x)).containsExactly(0);
        assertThat(
                        chosen(
                                manager,
                                b -> b.optScore(Score.SIGMOID).optGroups(2, 1, GroupScore.TOP_TWO),
                                x))
                .containsExactly(3);
    }

    @EachEngine
    void route_severalChosen_putsTheBestFirst(NDManager manager) {
        assertThat(chosen(manager, b -> b.setExpertsPerToken(3), 1, 4, 2, 5, 3))
                .containsExactly(3, 1, 4);
    }

    /** Sigmoids of 2 and 1 are 0.88 and 0.73: 0.2 more turns the choice, not the weight. */
    @EachEngine
    void route_correctionBias_countsForTheChoiceAlone(NDManager manager) {
        Router router =
                Router.builder()
                        .setHiddenSize(2)
                        .setExperts(2)
                        .setExpertsPerToken(1)
                        .optScore(Score.SIGMOID)
                        .optNormalize(false)
                        .optCorrectionBias(true)
                        .build();
        identity(router);
        router.getParameters()
                .get("correctionBias")
                .setInitializer((m, shape, type) -> m.create(new float[] {0, 0.2f}, shape));
        router.initialize(manager, DataType.FLOAT32, new Shape(1, 2));

        Routing routing =
                router.route(
                        new ParameterStore(manager, false),
                        manager.create(new float[] {2, 1}, new Shape(1, 2)),
                        true);

        assertThat(routing.experts(0)).containsExactly(1);
        assertThat(HostValues.of(routing.weights())[0])
                .isCloseTo(1 / (1 + Math.exp(-1)), within(1e-7));
        assertThat(router.getParameters().get("correctionBias").requiresGradient()).isFalse();
    }

    /**
     * Corrected scores -0.05, -2.12, -3.95, -3.95: the first group is open, the other's experts
     * stand at 0, above both of the first.
     */
    @EachEngine
    void route_negativeScores_loseAgainstTheZeroOfAClosedGroup(NDManager manager) {
        NDArray logits = manager.create(new float[] {3, 2, -3, -3}, new Shape(1, 4));
        NDArray correction = manager.create(new float[] {-1, -3, -4, -4});
        Routing routing =
                Kernels.of(logits)
                        .route(
                                logits,
                                correction,
                                new RoutingSpec(2, Score.SIGMOID, true, 1, 2, 1, GroupScore.MAX));

        assertThat(routing.experts(0)).containsExactly(2, 3);
        assertThat(HostValues.of(routing.weights()))
                .containsExactly(new double[] {0.5, 0.5}, within(1e-7));
    }

    @EachEngine(engines = "PyTorch")
    void forward_noToken_givesNone(NDManager manager) {
        MixtureOfExperts block = identities();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        NDArray x = manager.create(new float[0], new Shape(3, 0, 2));

        NDList y = block.forward(new ParameterStore(manager, false), new NDList(x), false);

        assertThat(y.singletonOrThrow().getShape()).isEqualTo(new Shape(3, 0, 2));
    }

    private static MixtureOfExperts identities() {
        Router router =
                Router.builder().setHiddenSize(2).setExperts(2).setExpertsPerToken(1).build();
        return MixtureOfExperts.builder()
                .setRouter(router)
                .setExperts(
                        List.of(
                                ActivationBlock.of(ActivationFunction.IDENTITY),
                                ActivationBlock.of(ActivationFunction.IDENTITY)))
                .build();
    }
}

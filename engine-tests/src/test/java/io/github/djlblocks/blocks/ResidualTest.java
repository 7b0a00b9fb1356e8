package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.LayerScale;
import io.github.djlblocks.layer.ParallelResidual;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Norms are factors here, and the sublayer gives {@code 5 x + memory} and {@code 7 memory}, so that
 * each scheme is a sum of products by hand. x is 3, the memory 100.
 */
class ResidualTest {

    private static final Shape SHAPE = new Shape(1, 1, 1);
    private static final PairList<String, Object> PARAMS = new PairList<>();

    static {
        PARAMS.add("add", 1000.0);
    }

    /** {@code factor * x}. */
    private static final class Times extends KernelBlock {

        private final double factor;

        Times(double factor) {
            this.factor = factor;
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return new Shape[] {inputShapes[0]};
        }

        @Override
        protected NDList compute(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.singletonOrThrow();
            return new NDList(Kernels.of(x).scale(x, factor));
        }
    }

    /** {@code 5 x + memory}, twice that if there are params, and {@code 7 memory}. */
    private static final class Cross extends KernelBlock {

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes.clone();
        }

        @Override
        protected NDList compute(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.get(0);
            Kernels kernels = Kernels.of(x);
            NDArray y = kernels.add(x, 5, inputs.get(1));
            NDArray scaled = kernels.scale(y, params == null || params.isEmpty() ? 1 : 2);
            return new NDList(scaled, kernels.scale(inputs.get(1), 7));
        }
    }

    private static NDList run(
            Block block, NDManager manager, PairList<String, Object> params, boolean training) {
        block.initialize(manager, DataType.FLOAT32, SHAPE, SHAPE);
        NDArray x = manager.create(new float[] {3}, SHAPE);
        NDArray memory = manager.create(new float[] {100}, SHAPE);
        return block.forward(
                new ParameterStore(manager, false), new NDList(x, memory), training, params);
    }

    private static void assertGives(NDManager manager, Block block, double expected) {
        NDList outputs = run(block, manager, new PairList<>(), false);
        assertThat(outputs).hasSize(2);
        assertThat(HostValues.of(outputs.get(0))).containsExactly(expected);
        assertThat(HostValues.of(outputs.get(1))).containsExactly(700);
        assertThat(block.getOutputShapes(new Shape[] {SHAPE, SHAPE})).containsExactly(SHAPE, SHAPE);
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_everyScheme_isItsFormulaAndHandsOnWhatFollows(NDManager manager) {
        assertGives(manager, Residual.pre(new Times(2), new Cross()), 3 + 5 * (2 * 3) + 100);
        assertGives(manager, Residual.post(new Times(2), new Cross()), 2 * (3 + 5 * 3 + 100));
        assertGives(
                manager,
                Residual.sandwich(new Times(2), new Cross(), new Times(11)),
                3 + 11 * (5 * (2 * 3) + 100));
        assertGives(manager, Residual.output(new Cross(), new Times(11)), 3 + 11 * (5 * 3 + 100));
        assertGives(manager, Residual.builder().setSublayer(new Cross()).build(), 3 + 5 * 3 + 100);
        assertGives(
                manager,
                DeepNorm.of(new Times(2), new Cross(), new DeepNorm.Constants(4, 1)),
                2 * (4 * 3 + 5 * 3 + 100));
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_everyOption_multipliesTheBranch(NDManager manager) {
        assertGives(
                manager,
                Residual.builder()
                        .setSublayer(new Cross())
                        .optInputNorm(new Times(2))
                        .optOutputNorm(new Times(11))
                        .optLayerScale(LayerScale.of(1, 0.5))
                        .optMultiplier(4)
                        .optResidualWeight(8)
                        .build(),
                8 * 3 + 4 * 0.5 * 11 * (5 * (2 * 3) + 100));
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_normedResidual_addsTheNormedInput(NDManager manager) {
        assertGives(
                manager,
                Residual.builder()
                        .setSublayer(new Cross())
                        .optInputNorm(new Times(2))
                        .optNormedResidual(true)
                        .optResidualWeight(8)
                        .build(),
                8 * (2 * 3) + 5 * (2 * 3) + 100);
    }

    @Test
    void build_normedResidualWithoutNormOrBesideAnother_saysSo() {
        Residual.Builder plain =
                Residual.builder().setSublayer(new Cross()).optNormedResidual(true);
        assertThatIllegalArgumentException()
                .isThrownBy(plain::build)
                .withMessage(
                        "optNormedResidual adds the normed input, but there is no input norm: call"
                                + " optInputNorm");
        Residual normed = plain.optInputNorm(new Times(2)).build();
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> ParallelResidual.of(normed, Residual.pre(new Times(2), new Cross())))
                .withMessageContaining("are added to x");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_parallel_addsBothBranchesToTheInput(NDManager manager) {
        assertGives(
                manager,
                ParallelResidual.of(
                        Residual.pre(new Times(2), new Cross()),
                        Residual.sandwich(new Times(11), new Times(13), new Times(17))),
                3 + 5 * (2 * 3) + 100 + 17 * 13 * 11 * 3);
        assertGives(
                manager,
                ParallelResidual.sharing(
                        new Times(2),
                        Residual.output(new Cross(), new Times(19)),
                        Residual.builder().setSublayer(new Times(13)).optMultiplier(4).build()),
                3 + 19 * (5 * (2 * 3) + 100) + 4 * 13 * 2 * 3);
    }

    @EachEngine
    void forward_params_reachTheSublayerAlone(NDManager manager) {
        Block block = Residual.sandwich(new Times(2), new Cross(), new Times(11));
        assertThat(HostValues.of(run(block, manager, PARAMS, false).get(0)))
                .containsExactly(3 + 11 * 2 * (5 * (2 * 3) + 100));
        Block parallel =
                ParallelResidual.of(
                        Residual.pre(new Times(2), new Cross()),
                        Residual.pre(new Times(11), new Times(13)));
        assertThat(HostValues.of(run(parallel, manager, PARAMS, false).get(0)))
                .containsExactly(3 + 2 * (5 * (2 * 3) + 100) + 13 * 11 * 3);
    }

    /** With one element, either all of the branch or nothing is left. */
    @EachEngine
    void forward_dropout_dropsTheBranchInTrainingOnly(NDManager manager) {
        Block block = Residual.builder().setSublayer(new Cross()).optDropout(0.75).build();
        assertThat(HostValues.of(run(block, manager, new PairList<>(), false).get(0)))
                .containsExactly(118);

        double[] found = new double[200];
        for (int i = 0; i < found.length; i++) {
            NDList outputs = run(block, manager, new PairList<>(), true);
            assertThat(HostValues.of(outputs.get(1))).containsExactly(700);
            found[i] = HostValues.of(outputs.get(0))[0];
        }

        // kept: 3 + 115 / 0.25
        assertThat(Arrays.stream(found).distinct().sorted().toArray()).containsExactly(3, 463);
        // 50 of 200 expected, with a deviation of 6.1
        assertThat(Arrays.stream(found).filter(v -> v == 463).count()).isBetween(14L, 86L);
    }

    @EachEngine
    void forward_deepNormDropout_dropsTheBranchInTrainingOnly(NDManager manager) {
        DeepNorm.Constants constants = new DeepNorm.Constants(4, 1);
        Block block = DeepNorm.of(new Times(2), new Cross(), constants, 0.5);
        assertThat(HostValues.of(run(block, manager, new PairList<>(), false).get(0)))
                .containsExactly(254);
        double[] found = new double[64];
        for (int i = 0; i < found.length; i++) {
            found[i] = HostValues.of(run(block, manager, new PairList<>(), true).get(0))[0];
        }
        // 2 (4 * 3) and 2 (4 * 3 + 2 * 115); all 64 alike once in 2^63
        assertThat(Arrays.stream(found).distinct().sorted().toArray()).containsExactly(24, 484);
    }

    @Test
    void build_partsThatDoNotFit_saysWhy() {
        Residual pre = Residual.pre(new Times(2), new Times(3));
        Residual post = Residual.post(new Times(2), new Times(3));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Residual.builder().build())
                .withMessage("the sublayer is missing: call setSublayer");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                Residual.builder()
                                        .setSublayer(new Times(1))
                                        .optInputNorm(new Times(2))
                                        .optSumNorm(new Times(3))
                                        .build())
                .withMessage("inputNorm is pre-norm and sumNorm post-norm: give one of the two");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParallelResidual.of(pre, post))
                .withMessage(
                        "sublayers side by side are added to x: their residuals take no norm of the"
                                + " sum and no weight of x");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParallelResidual.sharing(new Times(5), pre, pre))
                .withMessage(
                        "the norm is shared: build the residuals of attention and feed-forward"
                                + " without an input norm");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> Residual.builder().setSublayer(new Times(1)).optMultiplier(0).build())
                .withMessage("multiplier (0.0) must be a finite number above 0");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                Residual.builder()
                                        .setSublayer(new Times(1))
                                        .optResidualWeight(Double.NaN)
                                        .build())
                .withMessage("residualWeight (NaN) must be a finite number above 0");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> Residual.builder().setSublayer(new Times(1)).optDropout(1).build())
                .withMessage("dropout (1.0) must be at least 0 and below 1");
    }

    @Test
    void getOutputShapes_normThatChangesTheShape_isNamed() {
        Shape[] x = {new Shape(2, 3, 10)};
        Block narrow = Linear.withoutBias(10, 4);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Residual.output(new Times(1), narrow).getOutputShapes(x))
                .withMessage(
                        "a residual connection keeps the shape of its input (2, 3, 10), but its"
                                + " output norm gives (2, 3, 4)");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                ParallelResidual.sharing(
                                                narrow,
                                                Residual.builder()
                                                        .setSublayer(new Times(1))
                                                        .build(),
                                                Residual.builder()
                                                        .setSublayer(new Times(1))
                                                        .build())
                                        .getOutputShapes(x))
                .withMessage(
                        "a residual connection keeps the shape of its input (2, 3, 10), but its"
                                + " norm gives (2, 3, 4)");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                Residual.builder()
                                        .setSublayer(new Times(1))
                                        .optLayerScale(LayerScale.of(9, 1))
                                        .build()
                                        .getOutputShapes(x))
                .withMessage(
                        "LayerScale: the last axis of the input (2, 3, 10) must be channels (9)");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                ParallelResidual.of(
                                                Residual.builder()
                                                        .setSublayer(new Times(1))
                                                        .build(),
                                                Residual.builder()
                                                        .setSublayer(new Times(1))
                                                        .build())
                                        .getOutputShapes(new Shape[0]))
                .withMessage("ParallelResidual takes x (B, S, E), got no input");
    }
}

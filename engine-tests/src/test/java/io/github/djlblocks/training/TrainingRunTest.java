package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.TrainingDivergedException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.loss.Loss;
import ai.djl.training.tracker.Tracker;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainingRunTest {

    /** Four batches of four, with different numbers of labels, are one batch of sixteen. */
    @EachEngine(leavesNothingOpen = true)
    void next_accumulation_isOneLargeBatch(NDManager manager) {
        CausalLanguageModel parts = SmallRuns.decoder(manager, true);
        CausalLanguageModel whole = SmallRuns.decoder(manager, true);
        try (AdamW partsAdam = SmallRuns.adamW(parts);
                AdamW wholeAdam = SmallRuns.adamW(whole);
                TrainingRun accumulating =
                        SmallRuns.run(parts, partsAdam).optAccumulation(4).build();
                TrainingRun large =
                        SmallRuns.run(whole, wholeAdam).setData(SmallRuns.counting(16)).build()) {
            for (int step = 1; step <= 3; step++) {
                TrainingStep found = accumulating.next();
                TrainingStep expected = large.next();
                assertThat(found.step()).isEqualTo(step);
                assertThat(found.loss()).isCloseTo(expected.loss(), within(3e-6));
                assertThat(found.gradientNorm())
                        .isCloseTo(expected.gradientNorm(), within(1e-5 * found.gradientNorm()));
                assertThat(found.learningRate()).isEqualTo((double) (float) (1e-3 * step));
            }
        }
        // Adam divides by the size of the gradient: rounding may turn a step of a gradient near 0.
        assertClose(SmallRuns.values(parts), SmallRuns.values(whole), 2e-5);
    }

    private static void assertClose(
            Map<String, double[]> found, Map<String, double[]> expected, double bound) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach(
                (path, values) ->
                        assertThat(found.get(path))
                                .as(path)
                                .containsExactly(values, within(bound)));
    }

    @EachEngine
    void next_clipNorm_boundsTheStep(NDManager manager) {
        CausalLanguageModel free = SmallRuns.decoder(manager, false);
        CausalLanguageModel bound = SmallRuns.decoder(manager, false);
        // With this epsilon a step is nearly the gradient itself, times 1000.
        Tracker rate = Tracker.fixed(1e3f);
        try (AdamW freeAdam = plain(free, rate);
                AdamW boundAdam = plain(bound, rate);
                TrainingRun without = SmallRuns.run(free, freeAdam).build();
                TrainingRun with = SmallRuns.run(bound, boundAdam).optClipNorm(0.25).build()) {
            Map<String, double[]> before = SmallRuns.values(free);
            double norm = without.next().gradientNorm();
            assertThat(norm).isGreaterThan(0.5);
            assertThat(with.next().gradientNorm()).isEqualTo(norm);
            double moved = distance(before, SmallRuns.values(free));
            double movedLess = distance(before, SmallRuns.values(bound));
            assertThat(movedLess / moved).isCloseTo(0.25 / norm, within(1e-3));
        }
    }

    private static AdamW plain(Block block, Tracker rate) {
        return AdamW.builder(block).optLearningRate(rate).optEpsilon(1e6).optWeightDecay(0).build();
    }

    private static double distance(Map<String, double[]> one, Map<String, double[]> other) {
        double sum = 0;
        for (Map.Entry<String, double[]> entry : one.entrySet()) {
            double[] moved = other.getOrDefault(entry.getKey(), new double[0]);
            for (int i = 0; i < moved.length; i++) {
                sum += Math.pow(moved[i] - entry.getValue()[i], 2);
            }
        }
        return Math.sqrt(sum);
    }

    @EachEngine
    void next_frozenParameters_stayAsTheyAre(NDManager manager) {
        CausalLanguageModel block = SmallRuns.decoder(manager, false);
        block.freezeParameters(true, parameter -> parameter.getShape().dimension() == 2);
        Map<String, double[]> before = SmallRuns.values(block);
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run = SmallRuns.run(block, optimizer).build()) {
            run.run(2, step -> assertThat(step.gradientNorm()).isPositive());
        }
        Map<String, double[]> after = SmallRuns.values(block);
        List<String> moved = new ArrayList<>();
        before.forEach(
                (path, values) -> {
                    if (!Arrays.equals(values, after.get(path))) {
                        moved.add(path);
                    }
                });
        assertThat(moved).hasSize(7).allMatch(path -> path.contains("norm"));
    }

    @EachEngine(leavesNothingOpen = true)
    void next_lossNotFinite_changesNothing(NDManager manager) {
        CausalLanguageModel block = SmallRuns.decoder(manager, true);
        double[] factor = {Double.NaN};
        Loss loss =
                new Loss("spoilt") {
                    @Override
                    public NDArray evaluate(NDList labels, NDList predictions) {
                        NDArray mean = new MaskedCrossEntropyLoss().evaluate(labels, predictions);
                        return Double.isNaN(factor[0]) ? mean.div(0f) : mean;
                    }
                };
        Map<String, double[]> before = SmallRuns.values(block);
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run = SmallRuns.run(block, optimizer).setLoss(loss).build()) {
            assertThatThrownBy(run::next)
                    .isInstanceOf(TrainingDivergedException.class)
                    .hasMessageMatching(
                            "step 1: the loss is Infinity and the norm of the gradients .*:"
                                + " parameters are as they were; lower the learning rate, or look"
                                + " at batch 0");
            assertThat(run.step()).isZero();
            assertClose(SmallRuns.values(block), before, 0);
            factor[0] = 1;
            assertThat(run.next().gradientNorm()).isFinite().isPositive();
        }
    }

    /** 20 steps learn a good part of how to count. */
    @EachEngine
    void evaluate_afterTraining_isLower(NDManager manager) {
        CausalLanguageModel block = SmallRuns.decoder(manager, true);
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run = SmallRuns.run(block, optimizer).build()) {
            double before = run.evaluate(SmallRuns.counting(4), 10);
            double[] first = {Double.NaN};
            run.run(1, step -> first[0] = step.loss());
            run.run(39, step -> assertThat(step.loss()).isFinite());
            assertThat(first[0]).isBetween(before - 0.5, before + 0.5);
            assertThat(run.evaluate(SmallRuns.counting(4), 10)).isLessThan(before - 0.5);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void next_manySteps_leaveNoArrays(NDManager manager) {
        CausalLanguageModel block = SmallRuns.decoder(manager, true);
        try (AdamW optimizer = SmallRuns.adamW(block);
                TrainingRun run = SmallRuns.run(block, optimizer).optAccumulation(2).build()) {
            run.run(2, step -> assertThat(step.loss()).isFinite());
            int open = LeakGuard.ofEngine(manager).openArrays();
            run.run(3, step -> assertThat(step.loss()).isFinite());
            assertThat(LeakGuard.ofEngine(manager).openArrays()).isEqualTo(open);
        }
    }

    /** Dropout draws the same numbers again when a step is repeated from the same start. */
    @EachEngine
    void next_dropout_isThatOfSeedAndStep(NDManager manager) {
        List<Double> losses = new ArrayList<>();
        for (long seed : new long[] {3, 3, 4}) {
            SequentialBlock block = new SequentialBlock();
            block.add(Linear.withBias(6, 8));
            block.add(Dropout.of(0.5));
            block.add(Linear.withBias(8, 3));
            block.setInitializer(new SeededNormalInitializer(2, 0.5), parameter -> true);
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 6));
            try (AdamW optimizer = SmallRuns.adamW(block);
                    TrainingRun run =
                            TrainingRun.builder()
                                    .setBlock(block)
                                    .setLoss(new MaskedCrossEntropyLoss())
                                    .setOptimizer(optimizer)
                                    .setData(new Ones())
                                    .optSeed(seed)
                                    .build()) {
                losses.add(run.next().loss());
                losses.add(run.next().loss());
            }
        }
        assertThat(losses.subList(2, 4)).isEqualTo(losses.subList(0, 2));
        assertThat(losses.get(4)).isNotEqualTo(losses.get(0));
        assertThat(losses.get(1)).isNotEqualTo(losses.get(0));
    }

    /** Rows of ones that are all of class 1. */
    private record Ones() implements BatchSource {
        @Override
        public TrainingBatch get(NDManager manager, long index) {
            return new TrainingBatch(
                    new NDList(manager.ones(new Shape(5, 6))),
                    new NDList(manager.ones(new Shape(5), DataType.INT64)));
        }

        @Override
        public String identity() {
            return "ones";
        }
    }

    @Test
    void build_whatIsMissingOrWrong_isNamed() {
        try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
            CausalLanguageModel block = SmallRuns.decoder(manager, true);
            try (AdamW optimizer = SmallRuns.adamW(block);
                    AdamW other = SmallRuns.adamW(SmallRuns.decoder(manager, false))) {
                refused(TrainingRun.builder(), "something is missing: call setBlock");
                refused(
                        SmallRuns.run(block, optimizer).optClipNorm(-1),
                        "clipNorm (-1.0) must be above 0");
                refused(
                        SmallRuns.run(block, optimizer).optAccumulation(0),
                        "accumulation (0) must be at least 1");
                refused(
                        SmallRuns.run(block, other),
                        "parameter 'embedding.weight' is none of the 30 this AdamW was built for:"
                                + " build it when the block has all of its children, adapters"
                                + " included");
                block.freezeParameters(true);
                refused(
                        SmallRuns.run(block, optimizer),
                        "no parameter of CausalLanguageModel wants a gradient: call"
                                + " freezeParameters(false) on what is to learn");
            }
            Linear empty = Linear.withBias(2, 3);
            try (AdamW optimizer = SmallRuns.adamW(empty)) {
                refused(
                        SmallRuns.run(empty, optimizer),
                        "parameter 'weight' has no values: initialise or load the block first");
            }
        }
    }

    private static void refused(TrainingRunBuilder builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}

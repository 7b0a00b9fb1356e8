package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.ActivationCheckpoints;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.optimizer.GradientSums;
import io.github.djlblocks.parity.EachEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Layers that run twice learn what layers that are kept learn. */
class ActivationCheckpointsTest {

    private static void sameRun(Block kept, Block again, BatchSource data) {
        List<TrainingStep> expected = new ArrayList<>();
        List<TrainingStep> found = new ArrayList<>();
        try (AdamW keptAdam = SmallRuns.adamW(kept);
                AdamW againAdam = SmallRuns.adamW(again);
                TrainingRun keptRun =
                        SmallRuns.run(kept, keptAdam).setData(data).optAccumulation(2).build();
                TrainingRun againRun =
                        SmallRuns.run(again, againAdam)
                                .setData(data)
                                .optAccumulation(2)
                                .optActivationCheckpointing(true)
                                .build()) {
            keptRun.run(4, expected::add);
            againRun.run(4, found::add);
        }
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i).loss()).isCloseTo(expected.get(i).loss(), within(1e-12));
            assertThat(found.get(i).gradientNorm())
                    .isCloseTo(expected.get(i).gradientNorm(), within(1e-9));
        }
        Map<String, double[]> values = SmallRuns.values(again);
        SmallRuns.values(kept)
                .forEach(
                        (path, numbers) ->
                                assertThat(values.get(path))
                                        .as(path)
                                        .containsExactly(numbers, within(1e-9)));
    }

    /** The embedding has a gradient of the first layer's input and one of the head. */
    @EachEngine(leavesNothingOpen = true)
    void decoder_layersComputedAgain_learnTheSame(NDManager manager) {
        sameRun(
                SmallRuns.decoder(manager, true, DataType.FLOAT64),
                SmallRuns.decoder(manager, true, DataType.FLOAT64),
                SmallRuns.counting(3));
    }

    @EachEngine(leavesNothingOpen = true)
    void encoder_layersComputedAgain_learnTheSame(NDManager manager) {
        sameRun(encoder(manager, 0), encoder(manager, 0), SmallRuns.counting(3));
    }

    /**
     * A derivative in the direction of the gradient is its length squared: only if the second run
     * drops what the first dropped is it the gradient of the loss that was computed.
     */
    @EachEngine
    void backward_layersWithDropout_dropTheSameTwice(NDManager manager) {
        Block block = encoder(manager, 0.3);
        TrainingBatch batch = SmallRuns.counting(3).get(manager, 0);
        NDArray weight =
                Objects.requireNonNull(
                                ParameterPaths.of(block)
                                        .get("encoder.layers.0.feedForward.sublayer.up.weight"))
                        .getArray();
        try (NDArray start = weight.stopGradient().duplicate();
                GradientSums sums =
                        new GradientSums(
                                manager,
                                ParameterPaths.of(block).values().stream()
                                        .filter(Parameter::requiresGradient)
                                        .toList())) {
            double loss = loss(block, batch, manager, true);
            NDArray gradient = weight.getGradient().duplicate();
            double length = gradient.square().sum().getDouble();
            double step = 1e-4 / Math.sqrt(length);
            Kernels.of(weight).overwrite(weight, start.add(gradient.mul(step)));
            double above = loss(block, batch, manager, false);
            Kernels.of(weight).overwrite(weight, start.sub(gradient.mul(step)));
            double below = loss(block, batch, manager, false);
            assertThat(sums.norm()).isPositive();
            assertThat(above).isNotEqualTo(loss);
            assertThat((above - below) / (2 * step)).isCloseTo(length, within(1e-4 * length));
        }
    }

    private static double loss(
            Block block, TrainingBatch batch, NDManager manager, boolean backward) {
        manager.getEngine().setRandomSeed(3);
        PairList<String, Object> params = new PairList<>();
        try (GradientCollector collector = manager.getEngine().newGradientCollector();
                ActivationCheckpoints checkpoints = new ActivationCheckpoints(4)) {
            params.add(ActivationCheckpoints.PARAM, checkpoints);
            ParameterStore store = new ParameterStore(manager, false);
            NDList outputs = block.forward(store, batch.data(), true, params);
            NDArray mean = new MaskedCrossEntropyLoss().evaluate(batch.labels(), outputs);
            if (backward) {
                collector.backward(mean);
                checkpoints.backward(collector, () -> {});
            }
            return mean.getDouble();
        }
    }

    private static Block encoder(NDManager manager, double dropout) {
        Block block =
                Encoders.maskedLanguageModel(
                        new EncoderConfig(
                                EmbeddingConfig.builder()
                                        .setVocabularySize(SmallRuns.VOCABULARY)
                                        .setContextLength(16)
                                        .build(),
                                StackConfig.builder()
                                        .setHiddenSize(16)
                                        .setFeedForwardSize(24)
                                        .setLayers(3)
                                        .setHeads(4)
                                        .optDropout(dropout)
                                        .build()));
        block.setInitializer(
                new SeededNormalInitializer(6, 0.2),
                parameter -> parameter.getShape().dimension() == 2);
        block.initialize(manager, DataType.FLOAT64, new Shape(1, 4));
        return block;
    }

    @EachEngine
    void forward_paramsThatDoNotGoTogether_areRefused(NDManager manager) {
        CausalLanguageModel block = SmallRuns.decoder(manager, true);
        try (ActivationCheckpoints checkpoints = new ActivationCheckpoints(1)) {
            PairList<String, Object> params = new PairList<>();
            params.add(ActivationCheckpoints.PARAM, checkpoints);
            NDList ids = new NDList(manager.create(new long[] {1, 2, 3}, new Shape(1, 3)));
            ParameterStore store = new ParameterStore(manager, false);
            String message =
                    "activation checkpoints are for training passes that return neither hidden"
                            + " states nor attention weights: leave one of the params out";
            assertThatThrownBy(() -> block.forward(store, ids, false, params))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
            params.add(CausalLanguageModel.HIDDEN_STATES, true);
            assertThatThrownBy(() -> block.forward(store, ids, true, params))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
        }
    }
}

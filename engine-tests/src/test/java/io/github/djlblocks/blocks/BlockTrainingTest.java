package io.github.djlblocks.blocks;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients, frozen parameters, and the company of DJL's own blocks and trainer. */
class BlockTrainingTest {

    private static final String CASES = "io.github.djlblocks.blocks.BlockCases#onEveryEngine";
    private static final String TRAINABLE =
            "io.github.djlblocks.blocks.BlockTrainingTest#trainable";

    static Stream<Arguments> trainable() {
        return BlockCases.onEveryEngine()
                .filter(arguments -> ((BlockCase) arguments.get()[0]).isTrainable());
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(TRAINABLE)
    void backward_everyParameter_isReached(BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.initialized(manager, DataType.FLOAT64);
            NDList inputs = tested.newInputs(manager, DataType.FLOAT64, 12);
            ParameterStore store = new ParameterStore(manager, false);
            Shape output = block.getOutputShapes(tested.inputShapes())[0];
            Map<String, double[]> gradients =
                    Gradients.of(
                            engine,
                            parameters(block),
                            RandomTensors.normal(13, output.getShape()),
                            () -> block.forward(store, inputs, true).get(0));

            assertThat(gradients).hasSize(tested.parameters().size());
            gradients.forEach(
                    (path, gradient) ->
                            assertThat(Arrays.stream(gradient).map(Math::abs).max().orElse(0))
                                    .as(path)
                                    .isGreaterThan(path.endsWith("key.bias") ? 0 : 1e-6)
                                    .isFinite());
        }
    }

    private static Map<String, NDArray> parameters(Block block) {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        ParameterPaths.of(block).forEach((path, p) -> arrays.put(path, p.getArray()));
        return arrays;
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(TRAINABLE)
    void freezeParameters_someOrAll_theyGetNoGradient(BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block block = tested.newBlock();
            String first = tested.parameters().keySet().iterator().next();
            ParameterPaths.of(block).values().iterator().next().freeze(true);
            block.initialize(manager, DataType.FLOAT32, tested.inputShapes());
            ParameterPaths.of(block)
                    .forEach(
                            (path, parameter) ->
                                    assertThat(parameter.getArray().hasGradient())
                                            .as(path)
                                            .isEqualTo(!path.equals(first)));

            block.freezeParameters(true);
            for (Parameter parameter : block.getParameters().values()) {
                assertThat(parameter.getArray().hasGradient()).isFalse();
            }
            NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 14);
            assertThat(BlockCase.infer(block, manager, inputs)).hasNoNaN();
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(CASES)
    void sequentialBlock_withABlockOfDjl_computesWhatTheyComputeInTurn(
            BlockCase tested, EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            Block own = tested.initialized(manager, DataType.FLOAT32);
            Shape middle = own.getOutputShapes(tested.inputShapes())[0];
            Block djl = Linear.builder().setUnits(5).build();
            Block last = io.github.djlblocks.core.Linear.withBias(5, 4);
            SequentialBlock all = new SequentialBlock().add(own).add(djl).add(last);
            all.initialize(manager, DataType.FLOAT32, tested.inputShapes());
            NDList inputs = tested.newInputs(manager, DataType.FLOAT32, 15);

            NDArray x = BlockCase.infer(own, manager, inputs);
            x = BlockCase.infer(djl, manager, new NDList(x));
            x = BlockCase.infer(last, manager, new NDList(x));
            NDArray y = BlockCase.infer(all, manager, inputs);
            assertThat(y).isExactly(x).hasShape(middle.slice(0, middle.dimension() - 1).add(4));
            assertThat(all.getOutputShapes(tested.inputShapes())).containsExactly(y.getShape());
        }
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource(TRAINABLE)
    void easyTrain_aFewSteps_lossFalls(BlockCase tested, EngineUnderTest engine) throws Exception {
        // A data set of arrays has no room for a mask: the padded model is trained elsewhere.
        if (tested.inputs().size() > 1) {
            return;
        }
        try (Model model = Model.newInstance("train", engine.device(), engine.engineName())) {
            NDManager manager = model.getNDManager();
            Block block = tested.initialized(manager, DataType.FLOAT32);
            model.setBlock(block);
            NDArray inputs = tested.newInputs(manager, DataType.FLOAT32, 16).get(0);
            Shape output = block.getOutputShapes(tested.inputShapes())[0];
            double[] targets = RandomTensors.normal(17, output.getShape());
            NDArray labels = RandomTensors.toNDArray(manager, targets, output, DataType.FLOAT32);
            ArrayDataset dataset =
                    new ArrayDataset.Builder()
                            .setData(inputs)
                            .optLabels(labels)
                            .setSampling(BlockCases.B, false)
                            .build();
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.l2Loss())
                            .optDevices(new Device[] {engine.device()})
                            .optOptimizer(
                                    Optimizer.adam()
                                            .optLearningRateTracker(Tracker.fixed(0.01f))
                                            .build());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(tested.inputShapes());
                double before = loss(trainer, dataset);
                for (int step = 0; step < 5; step++) {
                    for (Batch batch : trainer.iterateDataset(dataset)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                        batch.close();
                    }
                }
                assertThat(loss(trainer, dataset)).isLessThan(before);
            }
        }
    }

    private static double loss(Trainer trainer, ArrayDataset dataset) throws Exception {
        double total = 0;
        for (Batch batch : trainer.iterateDataset(dataset)) {
            try (batch) {
                NDList prediction = trainer.evaluate(batch.getData());
                NDArray loss = trainer.getLoss().evaluate(batch.getLabels(), prediction);
                total += HostValues.of(loss)[0];
            }
        }
        return total;
    }
}

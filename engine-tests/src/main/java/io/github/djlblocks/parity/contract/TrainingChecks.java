package io.github.djlblocks.parity.contract;

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
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.Map;

/** DJL's trainer, and parameters that are not to be trained. */
final class TrainingChecks {

    private static final int STEPS = 5;
    private static final float RATE = 0.01f;

    private TrainingChecks() {}

    static void trainer(Subject subject) {
        ParityCase parityCase = subject.parityCase();
        Device device = subject.engine().device();
        try (Model model = Model.newInstance("train", device, subject.engine().engineName())) {
            model.setBlock(parityCase.newPreparedBlock());
            NDManager manager = model.getNDManager();
            NDList inputs = parityCase.newInputs(manager, DataType.FLOAT32);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.l2Loss())
                            .optDevices(new Device[] {device})
                            .optOptimizer(
                                    Optimizer.adam()
                                            .optLearningRateTracker(Tracker.fixed(RATE))
                                            .build());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(parityCase.inputShapes());
                Shape output = trainer.evaluate(new NDList(inputs)).get(0).getShape();
                double[] targets = RandomTensors.normal(17, output.getShape());
                NDList labels =
                        new NDList(
                                RandomTensors.toNDArray(
                                        manager, targets, output, DataType.FLOAT32));
                double before = loss(trainer, inputs, labels);
                for (int step = 0; step < STEPS; step++) {
                    try (GradientCollector collector = trainer.newGradientCollector()) {
                        NDList prediction = trainer.forward(new NDList(inputs));
                        collector.backward(trainer.getLoss().evaluate(labels, prediction));
                    }
                    trainer.step();
                }
                assertThat(loss(trainer, inputs, labels))
                        .as("loss after %d steps of Adam", STEPS)
                        .isLessThan(before);
            }
        }
    }

    private static double loss(Trainer trainer, NDList inputs, NDList labels) {
        NDArray loss = trainer.getLoss().evaluate(labels, trainer.evaluate(new NDList(inputs)));
        return HostValues.of(loss)[0];
    }

    static void frozenParameters(Subject subject) {
        ParityCase parityCase = subject.parityCase();
        try (NDManager manager = subject.engine().newManager()) {
            Block block = parityCase.newPreparedBlock();
            Map<String, Parameter> parameters = ParameterPaths.of(block);
            String first = parameters.keySet().iterator().next();
            parameters.values().iterator().next().freeze(true);
            block.initialize(manager, DataType.FLOAT32, parityCase.inputShapes());
            parameters.forEach(
                    (path, parameter) ->
                            assertThat(parameter.getArray().hasGradient())
                                    .as("gradient of %s while %s is frozen", path, first)
                                    .isEqualTo(!path.equals(first)));
        }
        try (NDManager manager = subject.engine().newManager()) {
            Block block = parityCase.newPreparedBlock();
            block.initialize(manager, DataType.FLOAT32, parityCase.inputShapes());
            block.freezeParameters(true);
            ParameterPaths.of(block)
                    .forEach(
                            (path, parameter) ->
                                    assertThat(parameter.getArray().hasGradient())
                                            .as("gradient of %s while all are frozen", path)
                                            .isFalse());
        }
    }
}

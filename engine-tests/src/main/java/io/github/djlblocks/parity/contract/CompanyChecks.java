package io.github.djlblocks.parity.contract;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.cases.ParityRunner;

/** The company of DJL's own blocks and models. */
final class CompanyChecks {

    private CompanyChecks() {}

    static void composition(Subject subject) {
        try (CaseRun run = subject.inference(DataType.FLOAT32)) {
            NDArray expected = run.forward(false);
            sequential(subject, run, expected);
            parallel(subject, run, expected);
        }
    }

    private static void sequential(Subject subject, CaseRun run, NDArray expected) {
        NDManager manager = run.manager();
        SequentialBlock all = new SequentialBlock().add(run.block());
        NDArray last = expected;
        if (subject.engine().trains()) {
            // DJL's linear layer, which an engine for inference alone has not.
            Block djl = Linear.builder().setUnits(5).build();
            all.add(djl);
            djl.initialize(manager, DataType.FLOAT32, expected.getShape());
            last = infer(djl, manager, new NDList(expected));
        }
        all.initialize(manager, DataType.FLOAT32, subject.parityCase().inputShapes());
        NDArray y = infer(all, manager, run.inputs());
        assertThat(y).as("output of a SequentialBlock").isExactly(last);
    }

    private static void parallel(Subject subject, CaseRun run, NDArray expected) {
        Block second = subject.parityCase().newPreparedBlock();
        second.freezeParameters(true);
        ParallelBlock both =
                new ParallelBlock(
                        outputs -> new NDList(outputs.get(0).get(0), outputs.get(1).get(0)));
        both.add(run.block()).add(second);
        both.initialize(run.manager(), DataType.FLOAT32, subject.parityCase().inputShapes());
        NDList outputs =
                both.forward(new ParameterStore(run.manager(), false), run.inputs(), false);
        assertThat(outputs.get(0)).as("first of a ParallelBlock").isExactly(expected);
        assertThat(outputs.get(1)).as("second of a ParallelBlock").isExactly(expected);
    }

    private static NDArray infer(Block block, NDManager manager, NDList inputs) {
        return block.forward(new ParameterStore(manager, false), inputs, false).get(0);
    }

    static void modelDataType(Subject subject) {
        ParityCase parityCase = subject.parityCase();
        DataType type = DataType.FLOAT64;
        Device device = subject.engine().device();
        try (Model model = Model.newInstance("type", device, subject.engine().engineName())) {
            model.setBlock(parityCase.newPreparedBlock());
            model.setDataType(type);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.l2Loss()).optDevices(new Device[] {device});
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(parityCase.inputShapes());
                for (Parameter parameter : model.getBlock().getParameters().values()) {
                    assertThat(parameter.getArray())
                            .as("parameter %s", parameter.getName())
                            .hasDataType(type);
                }
                NDList inputs = parityCase.newInputs(model.getNDManager(), type);
                NDArray y = trainer.evaluate(inputs).get(0);
                Margin margin =
                        Margin.of(
                                ParityRunner.truth(parityCase, type).output(),
                                HostValues.of(y),
                                y.getShape(),
                                parityCase.tolerance(type));
                assertThat(margin.isWithin()).as("%s", margin).isTrue();
            }
        }
    }
}

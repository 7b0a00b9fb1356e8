package io.github.djlblocks.parity.contract;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import java.util.ArrayList;
import java.util.List;

/**
 * What is checked.
 *
 * @param parityCase the block and its inputs
 * @param engine where
 * @param engines where else the case runs, that engine among them
 */
record Subject(ParityCase parityCase, EngineUnderTest engine, List<EngineUnderTest> engines) {

    CaseRun inference(DataType dataType) {
        return CaseRun.forInference(parityCase, engine, dataType);
    }

    /** For training where the engine can, so that what training does is seen too. */
    CaseRun trainable(DataType dataType) {
        return engine.trains()
                ? CaseRun.forTraining(parityCase, engine, dataType)
                : inference(dataType);
    }

    boolean hasParameters() {
        return !ParameterPaths.of(parityCase.newBlock()).isEmpty();
    }

    /** The simple names of a block and of those inside it. */
    static List<String> names(Block block) {
        List<String> names = new ArrayList<>();
        names.add(block.getClass().getSimpleName());
        block.getChildren().values().forEach(child -> names.addAll(names(child)));
        return names;
    }
}

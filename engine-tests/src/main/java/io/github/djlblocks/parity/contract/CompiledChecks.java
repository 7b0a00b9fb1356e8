package io.github.djlblocks.parity.contract;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A block compiled, at the size at which it was recorded, and at others. */
final class CompiledChecks {

    private CompiledChecks() {}

    /** Only PyTorch compiles: elsewhere there is nothing that could differ. */
    static boolean compiles(Subject subject) {
        return subject.engine().engineName().equals("PyTorch") && !subject.parityCase().hasParams();
    }

    static void compiled(Subject subject) {
        // Sizes that became numbers are far off in any precision.
        Tolerance tolerance =
                subject.parityCase().tolerance(DataType.FLOAT32).deliveredAs(DataType.FLOAT64);
        try (CaseRun run = subject.inference(DataType.FLOAT64)) {
            Block compiled =
                    TorchScript.compiled(run.block(), run.manager(), CompileOptions.defaults());
            Shape[] free = subject.parityCase().unknownShapes();
            NDList recorded = run.inputs();
            for (NDList inputs :
                    List.of(
                            recorded,
                            resized(recorded, free, true, false),
                            resized(recorded, free, false, true),
                            resized(recorded, free, true, true))) {
                NDArray expected = portable(run, copied(inputs));
                if (expected != null) {
                    ParameterStore store = new ParameterStore(run.manager(), false);
                    assertThat(compiled.forward(store, copied(inputs), false).get(0))
                            .as(
                                    "recorded with %s, run with %s",
                                    List.of(recorded.getShapes()), List.of(inputs.getShapes()))
                            .isCloseTo(expected, tolerance);
                }
            }
        }
    }

    /** What a block does to its inputs is another promise. */
    private static NDList copied(NDList inputs) {
        NDList copies = new NDList();
        inputs.forEach(array -> copies.add(array.duplicate()));
        return copies;
    }

    /** The output block by block; none if the block does not take inputs of these sizes. */
    private static @Nullable NDArray portable(CaseRun run, NDList inputs) {
        try {
            return run.forward(new ParameterStore(run.manager(), false), inputs, false);
        } catch (IllegalArgumentException | EngineException refused) {
            return null;
        }
    }

    /** A row more, the first once again; or a step less along the other free axes. */
    private static NDList resized(NDList inputs, Shape[] free, boolean rows, boolean steps) {
        NDList resized = new NDList();
        for (int i = 0; i < inputs.size(); i++) {
            NDArray x = inputs.get(i);
            for (int axis = 0; axis < free[i].dimension(); axis++) {
                long extent = x.getShape().get(axis);
                if (free[i].get(axis) != -1) {
                    continue;
                }
                if (axis == 0 && rows && extent > 1) {
                    x = x.concat(x.get(new NDIndex("0:1")), 0);
                } else if (axis > 0 && steps && extent > 2) {
                    x = x.get(new NDIndex(":, ".repeat(axis) + ":" + (extent - 1)));
                }
            }
            resized.add(x);
        }
        return resized;
    }
}

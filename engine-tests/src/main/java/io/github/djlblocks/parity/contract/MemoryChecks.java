package io.github.djlblocks.parity.contract;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.LeakGuard;
import io.github.djlblocks.parity.cases.CaseRun;

/** Native memory: a pass leaves its output with the caller, and nothing anywhere else. */
final class MemoryChecks {

    private MemoryChecks() {}

    static void nativeMemory(Subject subject) {
        try (CaseRun run = subject.trainable(DataType.FLOAT32);
                NDManager caller = subject.engine().newManager()) {
            ParameterStore store = new ParameterStore(run.manager(), false);
            NDList inputs = subject.parityCase().newInputs(caller, DataType.FLOAT32);
            leavesOutput(run, store, inputs, caller, false);
            if (subject.engine().trains()) {
                leavesOutput(run, store, inputs, caller, true);
            }
            LeakGuard everywhere = LeakGuard.ofEngine(caller);
            int kept = newOutputs(run, store, inputs, false);
            everywhere.check(() -> run.forward(store, new NDList(inputs), false), kept);
            everywhere.check(
                    () -> {
                        try (NDScope scope = new NDScope()) {
                            scope.suppressNotUsedWarning();
                            run.forward(store, new NDList(inputs), false);
                        }
                    });
            // None is refused at once, a wrong type late by most.
            everywhere.check(() -> closeOrCatch(run, store, new NDList()));
            NDList wrong = withWrongType(inputs, caller);
            everywhere.check(() -> closeOrCatch(run, store, wrong));
            assertThat(run.block().isInitialized()).as("isInitialized").isTrue();
        }
    }

    private static void leavesOutput(
            CaseRun run, ParameterStore store, NDList inputs, NDManager caller, boolean training) {
        int kept = newOutputs(run, store, inputs, training);
        // The output belongs to the caller, whose input it was computed from.
        LeakGuard.of(run.manager())
                .check(
                        () ->
                                LeakGuard.of(caller)
                                        .check(
                                                () ->
                                                        run.forward(
                                                                store,
                                                                new NDList(inputs),
                                                                training),
                                                kept));
    }

    /** 1, or 0 if the block hands its input through. */
    private static int newOutputs(
            CaseRun run, ParameterStore store, NDList inputs, boolean training) {
        NDArray y = run.forward(store, new NDList(inputs), training);
        if (inputs.stream().anyMatch(input -> InputChecks.isSame(input, y))) {
            return 0;
        }
        y.close();
        return 1;
    }

    private static NDList withWrongType(NDList inputs, NDManager manager) {
        NDList wrong = new NDList(inputs);
        int last = wrong.size() - 1;
        NDArray right = wrong.get(last);
        DataType other = right.getDataType().isFloating() ? DataType.FLOAT64 : DataType.FLOAT32;
        wrong.set(last, manager.ones(right.getShape(), other));
        return wrong;
    }

    private static void closeOrCatch(CaseRun run, ParameterStore store, NDList inputs) {
        try {
            NDArray y = run.forward(store, new NDList(inputs), false);
            if (inputs.stream().noneMatch(input -> InputChecks.isSame(input, y))) {
                y.close();
            }
        } catch (IllegalArgumentException expected) {
            assertThat(expected.getMessage()).isNotBlank();
        }
    }

    static void copyingStore(Subject subject) {
        try (CaseRun run = subject.inference(DataType.FLOAT32);
                NDManager mirror = subject.engine().newManager()) {
            NDArray expected = run.forward(false);
            ParameterStore store = new ParameterStore(mirror, true);

            for (int pass = 0; pass < 2; pass++) {
                assertThat(run.forward(store, run.inputs(), false))
                        .as("output with a store that copies")
                        .isExactly(expected);
            }
            assertThat(LeakGuard.of(mirror).openArrays())
                    .as("copies of parameters")
                    .isBetween(1, ParameterPaths.of(run.block()).size());
        }
    }
}

package io.github.djlblocks.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

class OverwriteTest {

    /** In another thread than the one that loaded the engine, where PyTorch is strict. */
    @EachEngine(leavesNothingOpen = true)
    void overwrite_arrayThatWantsAGradient_changesItsMemory(NDManager manager) throws Exception {
        NDArray matrix = manager.zeros(new Shape(2, 3));
        NDArray values = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
        matrix.setRequiresGradient(true);
        inAnotherThread(() -> Kernels.of(matrix).overwrite(matrix, values));
        assertThat(matrix.toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(matrix.hasGradient()).isTrue();
    }

    @EachEngine(leavesNothingOpen = true)
    void overwrite_scalarThatIsNaN_isTheNewNumber(NDManager manager) throws Exception {
        NDArray scalar = manager.create(Float.NaN);
        scalar.setRequiresGradient(true);
        NDArray value = manager.create(3f);
        inAnotherThread(() -> Kernels.of(scalar).overwrite(scalar, value));
        assertThat(scalar.getFloat()).isEqualTo(3);
    }

    private static void inAnotherThread(Runnable change) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            thread.submit(change).get();
        } finally {
            thread.shutdown();
        }
    }
}

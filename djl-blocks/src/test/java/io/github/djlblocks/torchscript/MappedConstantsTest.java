package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class MappedConstantsTest {

    @Test
    void isDue_onceAnInterval() {
        MappedConstants constants = new MappedConstants(Long.MAX_VALUE - 5);
        assertThat(constants.isDue(Long.MAX_VALUE - 6)).isFalse();
        assertThat(constants.isDue(Long.MAX_VALUE - 5)).isTrue();
        assertThat(constants.isDue(Long.MAX_VALUE - 5)).isFalse();
        // The clock may overflow.
        long next = Long.MAX_VALUE - 5 + MappedConstants.INTERVAL;
        assertThat(constants.isDue(next - 1)).isFalse();
        assertThat(constants.isDue(next)).isTrue();
    }

    /**
     * The sum of 64 repetitions of ten curves at eight points, of which those that matter most are
     * at 2000: {@code silu}, both {@code gelu}, {@code elu} and {@code mish} give it, and {@code
     * log_sigmoid} gives -2000 at -2000.
     */
    @Test
    void method_runs_andAsksForValuesOutOfRange() throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                ScriptModule module = new ScriptModule((PtNDManager) manager, List.of());
                IValue total = module.call(MappedConstants.METHOD)) {
            double sum = total.toTensor((PtNDManager) manager).toDoubleArray()[0];
            assertThat(sum).isBetween(64 * 4 * 2000.0, 64 * 4.1 * 2000.0);
        }
    }

    /** Whoever calls a module first, or ten seconds later, reads them; nobody needs to again. */
    @Test
    void call_ofAnyModule_readsThemIfTheyAreDue() {
        String method = "def nothing(self: " + Script.CLASS + ") -> int:\n  return 1\n";
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                ScriptModule module = new ScriptModule((PtNDManager) manager, List.of(method))) {
            module.call("nothing").close();
            assertThat(MappedConstants.SHARED.isDue(System.nanoTime())).isFalse();
        }
    }
}

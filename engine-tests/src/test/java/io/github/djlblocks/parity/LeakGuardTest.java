package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeakGuardTest {

    @EachEngine
    void check_everythingClosed_passes(NDManager manager) {
        NDArray before = manager.ones(new Shape(5));

        LeakGuard.of(manager)
                .check(
                        () -> {
                            manager.ones(new Shape(4)).close();
                            try (NDManager sub = manager.newSubManager()) {
                                sub.ones(new Shape(3));
                            }
                            before.close();
                        });

        assertThat(LeakGuard.of(manager).openArrays()).isZero();
    }

    @EachEngine
    void check_arraysStay_namesEachEvenInSubManagers(NDManager manager) {
        NDManager sub = manager.newSubManager();
        manager.ones(new Shape(7));

        assertThatThrownBy(
                        () ->
                                LeakGuard.of(manager)
                                        .check(
                                                () -> {
                                                    NDArray mask = manager.ones(new Shape(2, 3));
                                                    mask.setName("mask");
                                                    sub.zeros(new Shape(4), DataType.INT64);
                                                }))
                .isInstanceOf(AssertionError.class)
                .hasMessage(
                        "expected 0 new arrays to stay open but 2 did: [INT64 (4), mask FLOAT32 (2,"
                                + " 3)]. Close them, or compute in a sub-manager that is closed");
    }

    @EachEngine
    void check_expectedNew_isExact(NDManager manager) {
        LeakGuard guard = LeakGuard.of(manager);

        guard.check(() -> manager.ones(new Shape(2)), 1);
        assertThat(guard.openArrays()).isEqualTo(1);
        assertThatThrownBy(() -> guard.check(() -> {}, 1))
                .hasMessageStartingWith("expected 1 new arrays to stay open but 0 did: [].");
    }

    @EachEngine
    void ofEngine_forgottenManager_isCaught(NDManager manager, EngineUnderTest engine) {
        LeakGuard wholeEngine = LeakGuard.ofEngine(manager.newSubManager());
        NDManager forgotten = engine.newManager();

        LeakGuard.of(manager).check(() -> forgotten.ones(new Shape(6)));
        assertThatThrownBy(() -> wholeEngine.check(() -> forgotten.ones(new Shape(6))))
                .hasMessageContaining("1 did: [FLOAT32 (6)]");
        forgotten.close();
        wholeEngine.check(() -> {});
    }

    @Test
    void bytes_status_areReadInKibibytes() {
        List<String> status = List.of("VmHWM:\t  99 kB", "VmRSS:\t    1234 kB");
        assertThat(ProcessMemory.bytes("VmRSS:", status)).hasValue(1234 * 1024);
        assertThat(ProcessMemory.bytes("VmHWM:", status)).hasValue(99 * 1024);
        assertThat(ProcessMemory.bytes("VmPeak:", status)).isEmpty();
    }

    @Test
    void peakResidentBytes_isAtLeastResident() {
        long resident = ProcessMemory.residentBytes().orElse(0);
        assertThat(ProcessMemory.peakResidentBytes().orElse(Long.MAX_VALUE))
                .isGreaterThanOrEqualTo(resident);
    }

    // A 64 MiB array that is written to shows up; without /proc there is nothing to read. What else
    // the process gives back meanwhile can hide it once, not every time.
    @Test
    void residentBytes_largeArrayOnCpu_growsByItsSize() {
        long most = 0;
        for (int attempt = 0; attempt < 5 && most <= 56L << 20; attempt++) {
            try (NDManager manager = EngineUnderTest.onCpu("PyTorch").newManager()) {
                long before = ProcessMemory.residentBytes().orElse(0);
                manager.ones(new Shape(16, 1 << 20));
                long after = ProcessMemory.residentBytes().orElse(64L << 20);
                most = Math.max(most, after - before);
            }
        }
        assertThat(most).isGreaterThan(56L << 20);
    }
}

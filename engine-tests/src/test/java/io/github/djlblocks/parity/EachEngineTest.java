package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

/** Counts its own runs: what the annotation promises shows only after the last of them. */
class EachEngineTest {

    private static final List<String> RUNS = new ArrayList<>();
    private static final List<NDManager> MANAGERS = new ArrayList<>();
    private static final List<NDArray> ARRAYS = new ArrayList<>();

    @BeforeEach
    void open(NDManager manager) {
        assertThat(manager.isOpen()).isTrue();
        assertThat(manager.getManagedArrays()).isEmpty();
        assertThat(MANAGERS).doesNotContain(manager);
        MANAGERS.add(manager);
    }

    @AfterEach
    void stillOpen(NDManager manager) {
        assertThat(manager.isOpen()).isTrue();
    }

    @EachEngine
    void engineOnly(TestInfo info, EngineUnderTest engine, NDManager manager) {
        assertThat(manager).isSameAs(MANAGERS.get(MANAGERS.size() - 1));
        assertThat(manager.getEngine().getEngineName()).isEqualTo(engine.engineName());
        ARRAYS.add(manager.ones(new Shape(2)));
        RUNS.add(info.getDisplayName() + " | " + engine);
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void engineAndDataType(DataType dataType, EngineUnderTest engine, TestInfo info) {
        RUNS.add(info.getDisplayName() + " | " + engine + " " + dataType);
    }

    @EachEngine(inferenceToo = true)
    void everyEngine(EngineUnderTest engine, TestInfo info) {
        RUNS.add(info.getDisplayName() + " | too " + engine);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void namedEngine(NDManager manager, TestInfo info) {
        manager.newSubManager().ones(new Shape(3));
        RUNS.add(info.getDisplayName() + " | named");
    }

    @AfterAll
    static void everyEngineAndDataType_ranOnceWithItsOwnClosedManager() {
        List<String> expected = new ArrayList<>();
        for (EngineUnderTest engine : EnginesUnderTest.named("PyTorch")) {
            expected.add(engine + " | named");
        }
        for (EngineUnderTest engine : EnginesUnderTest.discover()) {
            expected.add(engine + " | " + engine);
            expected.add(engine + " float32 | " + engine + " float32");
            expected.add(engine + " float64 | " + engine + " float64");
        }
        for (EngineUnderTest engine : EnginesUnderTest.discoverAll()) {
            expected.add(engine + " | too " + engine);
        }
        assertThat(RUNS).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(MANAGERS).hasSameSizeAs(RUNS).noneMatch(NDManager::isOpen);
        assertThat(ARRAYS).allMatch(NDArray::isReleased);
    }
}

package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class EnginesUnderTestTest {

    @Test
    void discover_requiredEngines_areAmongThoseFoundOnCpu() {
        List<String> required =
                List.of(
                        System.getProperty(EnginesUnderTest.REQUIRED_PROPERTY, "PyTorch")
                                .split(","));

        List<EngineUnderTest> found = EnginesUnderTest.discover();

        assertThat(found)
                .containsAll(required.stream().map(EngineUnderTest::onCpu).toList())
                .doesNotHaveDuplicates()
                .allSatisfy(engine -> assertThat(engine.engineName()).isNotEqualTo("Rust"));
    }

    @Test
    void discoverAll_rustOnTheClassPath_comesLastAndDoesNotTrain() {
        List<EngineUnderTest> all = EnginesUnderTest.discoverAll();

        assertThat(all).startsWith(EnginesUnderTest.discover().toArray(EngineUnderTest[]::new));
        assertThat(all.get(all.size() - 1).engineName()).isEqualTo("Rust");
        assertThat(all)
                .allSatisfy(e -> assertThat(e.trains()).isEqualTo(!e.engineName().equals("Rust")));
    }

    @Test
    void discover_requiredEngineMissing_namesItWhatWasFoundAndTheFix() {
        assertThatThrownBy(() -> EnginesUnderTest.discover("PyTorch, Abacus", List.of("PyTorch")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "required engine Abacus is not on the class path; found %s. Add its engine jar and native library, or take it out of -Ddjlblocks.requiredEngines=PyTorch, Abacus"
                                .formatted(new TreeSet<>(Engine.getAllEngines())));
    }

    @Test
    void discover_noCandidateFound_namesWhatWasLookedFor() {
        assertThatThrownBy(() -> EnginesUnderTest.discover("", List.of("Slide rule", "Abacus")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith(
                        "no engine to test on: looked for [Abacus, Slide rule], found [")
                .hasMessageContaining("PyTorch");
    }

    @Test
    void named_missingEngine_namesIt() {
        assertThatThrownBy(() -> EnginesUnderTest.named("PyTorch", "Abacus"))
                .hasMessageStartingWith("required engine Abacus is not on the class path; found [")
                .hasMessageEndingWith("or take it out of the engines named");
    }

    @Test
    void toString_device_isShort() {
        assertThat(EngineUnderTest.onCpu("PyTorch")).hasToString("PyTorch/cpu");
        assertThat(new EngineUnderTest("MXNet", Device.gpu(1))).hasToString("MXNet/gpu1");
    }

    @EachEngine
    void newManager_eachEngine_belongsToEngineAndDevice(EngineUnderTest engine) {
        try (NDManager manager = engine.newManager()) {
            assertThat(manager.getEngine().getEngineName()).isEqualTo(engine.engineName());
            assertThat(manager.getDevice()).isEqualTo(engine.device());
        }
    }
}

package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs test methods that must fail, and reads how. */
class EachEngineFailureTest {

    private static final List<NDManager> FORGOTTEN = new ArrayList<>();

    /** Only run from here: surefire leaves nested classes alone. */
    static class Failing {

        @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
        void forgetsAManager(EngineUnderTest engine) {
            NDManager forgotten = engine.newManager();
            forgotten.ones(new Shape(2, 5));
            FORGOTTEN.add(forgotten);
        }

        @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
        void failsAndForgetsAManager(EngineUnderTest engine) {
            forgetsAManager(engine);
            throw new IllegalStateException("its own failure");
        }

        @EachEngine(engines = "PyTorch")
        void forgetsAManagerUnasked(EngineUnderTest engine) {
            forgetsAManager(engine);
        }

        @EachEngine(engines = "PyTorch")
        void wantsADataType(DataType dataType) {
            throw new IllegalStateException("ran with " + dataType);
        }

        @EachEngine(engines = "Abacus")
        void wantsAMissingEngine() {
            throw new IllegalStateException("ran");
        }
    }

    @Test
    void leavesNothingOpen_forgottenManager_failsAndNamesTheArray() {
        assertThat(run("forgetsAManager", EngineUnderTest.class))
                .containsExactly(
                        "PyTorch/cpu: expected 0 new arrays to stay open but 1 did: [FLOAT32 (2,"
                                + " 5)]. Close them, or compute in a sub-manager that is closed");
        assertThat(run("forgetsAManagerUnasked", EngineUnderTest.class)).isEmpty();
    }

    @Test
    void leavesNothingOpen_testFailed_reportsItsOwnFailure() {
        assertThat(run("failsAndForgetsAManager", EngineUnderTest.class))
                .containsExactly("PyTorch/cpu: its own failure");
    }

    @Test
    void parameter_dataTypeWithoutAny_saysWhatToGive() {
        assertThat(run("wantsADataType", DataType.class))
                .containsExactly(
                        "PyTorch/cpu: no DataType to inject into wantsADataType: give the dtypes,"
                                + " such as @EachEngine(dataTypes = FLOAT32)");
    }

    @Test
    void engines_missing_failsInsteadOfRunningNothing() {
        assertThat(run("wantsAMissingEngine"))
                .singleElement()
                .asString()
                .startsWith(
                        "wantsAMissingEngine(): required engine Abacus is not on the class path;");
    }

    private static List<String> run(String method, Class<?>... parameterTypes) {
        List<String> failures = new ArrayList<>();
        LauncherDiscoveryRequest request =
                LauncherDiscoveryRequestBuilder.request()
                        .selectors(
                                DiscoverySelectors.selectMethod(
                                        Failing.class, method, parameterTypes))
                        .build();
        LauncherFactory.create()
                .execute(
                        request,
                        new TestExecutionListener() {
                            @Override
                            public void executionFinished(
                                    TestIdentifier test, TestExecutionResult result) {
                                result.getThrowable()
                                        .ifPresent(
                                                t -> {
                                                    for (Throwable more : t.getSuppressed()) {
                                                        failures.add("and: " + more.getMessage());
                                                    }
                                                    failures.add(
                                                            test.getDisplayName()
                                                                    + ": "
                                                                    + t.getMessage());
                                                });
                            }
                        });
        FORGOTTEN.forEach(NDManager::close);
        FORGOTTEN.clear();
        // On a machine with CUDA devices each of them fails the same way.
        return failures.stream().filter(failure -> !failure.contains("/gpu")).toList();
    }
}

package io.github.djlblocks.parity;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds the engines a test can run on: each on the CPU, and on every CUDA device it sees.
 *
 * <p>The system property {@value #REQUIRED_PROPERTY} (comma separated engine names) says which
 * engines must be there; a test run that lacks one fails instead of testing less.
 */
public final class EnginesUnderTest {

    /** The system property that names the engines a test run must find, comma separated. */
    public static final String REQUIRED_PROPERTY = "djlblocks.requiredEngines";

    // Of DJL's engines these two compute gradients. The order matters: MXNet sets the OpenMP thread
    // count of the thread that loads it to 1, and PyTorch, loaded after it, sets its own again.
    private static final List<String> TRAINING_ENGINES = List.of("MXNet", "PyTorch");

    private static final List<String> INFERENCE_ENGINES = List.of("Rust");

    private static final System.Logger LOG = System.getLogger(EnginesUnderTest.class.getName());

    // Loading is slow, and a failure is worth one warning: "" is loaded, anything else the reason.
    private static final Map<String, String> LOAD_FAILURES = new ConcurrentHashMap<>();

    private EnginesUnderTest() {}

    /**
     * Returns the engines DJL finds among those that can train (MXNet and PyTorch), CPU first.
     *
     * <p>An engine whose jar is present but whose native library does not load is left out with a
     * warning, unless {@value #REQUIRED_PROPERTY} names it. Engines that cannot train, such as
     * Rust, are found by {@link #discoverAll}, or tested by naming them: {@link #named}.
     *
     * @return at least one engine, ordered by name and device
     * @throws IllegalStateException if a required engine is missing, or no engine is found
     */
    public static List<EngineUnderTest> discover() {
        return discover(System.getProperty(REQUIRED_PROPERTY, ""), TRAINING_ENGINES);
    }

    /**
     * Returns the engines of {@link #discover}, then those DJL finds that only infer (Rust).
     *
     * @return at least one engine that trains, and the others
     * @throws IllegalStateException if a required engine is missing, or none that trains is found
     */
    public static List<EngineUnderTest> discoverAll() {
        List<EngineUnderTest> found = new ArrayList<>(discover());
        found.addAll(present(INFERENCE_ENGINES));
        return List.copyOf(found);
    }

    /**
     * Returns the engines named, on every device they see.
     *
     * @param engineNames DJL's names of the engines, such as {@code Rust}
     * @return the engines, in the order named, CPU before CUDA
     * @throws IllegalStateException if one is missing
     */
    public static List<EngineUnderTest> named(String... engineNames) {
        List<EngineUnderTest> found = new ArrayList<>();
        for (String name : engineNames) {
            requirePresent(name, "take it out of the engines named");
            found.addAll(devicesOf(name));
        }
        return List.copyOf(found);
    }

    static List<EngineUnderTest> discover(String required, Collection<String> candidates) {
        List<EngineUnderTest> found = present(candidates);
        for (String name : Arrays.stream(required.split(",")).map(String::strip).toList()) {
            if (!name.isEmpty()) {
                requirePresent(name, "take it out of -D" + REQUIRED_PROPERTY + "=" + required);
            }
        }
        if (found.isEmpty()) {
            throw new IllegalStateException(
                    "no engine to test on: looked for %s, found %s. Add ai.djl.pytorch:pytorch-engine and its native library to the class path"
                            .formatted(new TreeSet<>(candidates), present()));
        }
        return List.copyOf(found);
    }

    private static void requirePresent(String name, String alternative) {
        String problem;
        if (!Engine.hasEngine(name)) {
            problem = "is not on the class path";
        } else if (!loadFailure(name).isEmpty()) {
            problem = "did not load (" + loadFailure(name) + ")";
        } else {
            return;
        }
        throw new IllegalStateException(
                "required engine %s %s; found %s. Add its engine jar and native library, or %s"
                        .formatted(name, problem, present(), alternative));
    }

    private static List<EngineUnderTest> present(Collection<String> candidates) {
        List<EngineUnderTest> found = new ArrayList<>();
        for (String name : candidates) {
            if (Engine.hasEngine(name) && loadFailure(name).isEmpty()) {
                found.addAll(devicesOf(name));
            }
        }
        return found;
    }

    private static Set<String> present() {
        return new TreeSet<>(Engine.getAllEngines());
    }

    private static List<EngineUnderTest> devicesOf(String name) {
        List<EngineUnderTest> devices = new ArrayList<>();
        devices.add(EngineUnderTest.onCpu(name));
        for (int i = 0; i < Engine.getEngine(name).getGpuCount(); i++) {
            devices.add(new EngineUnderTest(name, Device.gpu(i)));
        }
        return devices;
    }

    private static String loadFailure(String name) {
        return LOAD_FAILURES.computeIfAbsent(name, EnginesUnderTest::load);
    }

    private static String load(String name) {
        try {
            Engine.getEngine(name);
            return "";
        } catch (EngineException | LinkageError e) {
            LOG.log(System.Logger.Level.WARNING, name + " is present but does not load", e);
            Throwable cause = e.getCause() == null ? e : e.getCause();
            return cause.toString();
        }
    }
}

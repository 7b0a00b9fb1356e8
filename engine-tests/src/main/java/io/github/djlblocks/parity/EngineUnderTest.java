package io.github.djlblocks.parity;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * An engine on a device, such as {@code PyTorch/cpu}: the place a test runs on.
 *
 * <p>The engine is always named. DJL's default engine depends on the class path (MXNet wins when
 * both it and PyTorch are present), so a test that leaves it open tests something else elsewhere.
 *
 * @param engineName DJL's name of the engine, such as {@code PyTorch}
 * @param device the device arrays are created on
 */
public record EngineUnderTest(String engineName, Device device) {

    /**
     * Creates an engine under test; the engine itself is loaded on first use.
     *
     * @param engineName DJL's name of the engine, such as {@code PyTorch}
     * @param device the device arrays are created on
     */
    public EngineUnderTest {
        Objects.requireNonNull(engineName, "engineName");
        Objects.requireNonNull(device, "device");
    }

    /**
     * Returns the named engine on the CPU.
     *
     * @param engineName DJL's name of the engine, such as {@code PyTorch}
     * @return the engine on the CPU
     */
    public static EngineUnderTest onCpu(String engineName) {
        return new EngineUnderTest(engineName, Device.cpu());
    }

    /**
     * Returns DJL's engine, loading its native library if need be.
     *
     * @return the engine
     * @throws IllegalArgumentException if DJL finds no engine of this name
     */
    public Engine engine() {
        return Engine.getEngine(engineName);
    }

    /**
     * Opens a new top-level manager of this engine on this device; the caller closes it.
     *
     * @return an empty manager
     * @throws IllegalArgumentException if DJL finds no engine of this name
     */
    public NDManager newManager() {
        return engine().newBaseManager(device);
    }

    /**
     * Says whether the engine computes gradients. Rust, for one, only infers.
     *
     * @return false if it refuses to
     */
    public boolean trains() {
        try (NDManager manager = newManager()) {
            manager.ones(new Shape(1)).setRequiresGradient(true);
            return true;
        } catch (UnsupportedOperationException e) {
            return false;
        }
    }

    /**
     * Returns the number of threads the engine uses inside one operation called from this thread.
     *
     * <p>Loading MXNet after PyTorch leaves the loading thread with a single PyTorch thread, which
     * makes timings of the two engines incomparable: state this number beside them. {@link
     * EnginesUnderTest#discover()} loads the engines in the order that keeps PyTorch's threads;
     * {@code OMP_NUM_THREADS} in the environment fixes the number for both engines.
     *
     * @return the threads, or empty where the engine tells nobody and the environment does not say
     */
    public OptionalInt threads() {
        return EngineThreads.of(this);
    }

    /**
     * Returns the engine and the device, such as {@code PyTorch/cpu} or {@code PyTorch/gpu0}.
     *
     * @return a short name for test names and reports
     */
    @Override
    public String toString() {
        String where =
                device.isGpu()
                        ? device.getDeviceType() + device.getDeviceId()
                        : device.getDeviceType();
        return engineName + "/" + where;
    }
}

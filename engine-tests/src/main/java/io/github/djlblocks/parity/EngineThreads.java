package io.github.djlblocks.parity;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads how many threads an engine uses inside one operation.
 *
 * <p>DJL's engine-independent API does not say. PyTorch's number is a static method of its engine
 * jar, called by reflection because the kit compiles against no engine. MXNet has no way to read it
 * at all; there the environment variables that set it are read.
 */
final class EngineThreads {

    private EngineThreads() {}

    static OptionalInt of(EngineUnderTest engine) {
        return switch (engine.engineName()) {
            case "PyTorch" -> ofPyTorch(engine);
            case "MXNet" ->
                    ofEnvironment(
                            System.getenv("MXNET_OMP_MAX_THREADS"),
                            System.getenv("OMP_NUM_THREADS"));
            default -> OptionalInt.empty();
        };
    }

    /** The first of the values that is given, as a positive number. */
    static OptionalInt ofEnvironment(@Nullable String... values) {
        for (String value : values) {
            if (value != null && value.matches("[1-9][0-9]{0,5}")) {
                return OptionalInt.of(Integer.parseInt(value));
            }
        }
        return OptionalInt.empty();
    }

    private static OptionalInt ofPyTorch(EngineUnderTest engine) {
        ClassLoader loader = engine.engine().getClass().getClassLoader();
        try {
            Object threads =
                    Class.forName("ai.djl.pytorch.jni.JniUtils", true, loader)
                            .getMethod("getNumThreads")
                            .invoke(null);
            return OptionalInt.of((Integer) threads);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "PyTorch's thread count cannot be read: JniUtils.getNumThreads() is not in"
                            + " this version of ai.djl.pytorch:pytorch-engine",
                    e);
        }
    }
}

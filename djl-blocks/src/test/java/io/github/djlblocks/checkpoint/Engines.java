package io.github.djlblocks.checkpoint;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.stream.Stream;

/** The engines that must be present on this platform. */
final class Engines {

    private Engines() {}

    static Stream<String> required() {
        return Stream.of(System.getProperty("djlblocks.requiredEngines", "PyTorch").split(","));
    }

    static NDManager manager(String engine) {
        return NDManager.newBaseManager(Device.cpu(), engine);
    }
}

package io.github.djlblocks.samples;

import ai.djl.Device;
import picocli.CommandLine.Option;

/** Where a model runs. */
final class EngineSettings {

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            description = "PyTorch or MXNet. Default: ${DEFAULT-VALUE}.")
    private String engine = "PyTorch";

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "cpu, gpu0, gpu1, ... Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    String engine() {
        return engine;
    }

    Device device() {
        return device(device);
    }

    /** The device of a name. */
    static Device device(String name) {
        if (!name.matches("cpu|gpu\\d{1,3}")) {
            throw new IllegalArgumentException(
                    "--device is '" + name + "': use cpu, gpu0, gpu1, ...");
        }
        return Device.fromName(name);
    }
}

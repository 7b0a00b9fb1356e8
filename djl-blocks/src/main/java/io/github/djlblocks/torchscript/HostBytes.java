package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;

/** Elements of an array, wherever it lies, on the Java heap. */
final class HostBytes {

    private HostBytes() {}

    /** Copies them. A direct buffer of a strided array, or of one on a GPU, would leave another. */
    static ByteBuffer of(NDArray array) {
        if (!array.getDevice().isGpu()) {
            return array.toByteBuffer(false);
        }
        try (NDArray host = array.toDevice(Device.cpu(), true)) {
            return host.toByteBuffer(false);
        }
    }
}

package io.github.djlblocks.hybrid;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/**
 * One of the calls that a loaded module was given.
 *
 * @param part the module
 * @param number which
 */
record ModuleCall(NativePart part, int number) {

    NativePart.Outputs infer(NDList inputs, NDManager results) {
        return part.infer(number, inputs, results);
    }

    NativePart.Outputs train(NDList inputs, NDManager results, boolean trainingMode) {
        return part.train(number, inputs, results, trainingMode);
    }

    Device device() {
        return part.device();
    }

    NDManager manager() {
        return part.manager();
    }
}

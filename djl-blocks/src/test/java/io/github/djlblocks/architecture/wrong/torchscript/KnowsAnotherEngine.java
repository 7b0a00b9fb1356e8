package io.github.djlblocks.architecture.wrong.torchscript;

import ai.djl.mxnet.engine.MxNDArray;
import ai.djl.ndarray.NDArray;

/** Takes arrays of an engine that has no TorchScript. */
final class KnowsAnotherEngine {

    private KnowsAnotherEngine() {}

    static boolean test(NDArray array) {
        return array instanceof MxNDArray;
    }
}

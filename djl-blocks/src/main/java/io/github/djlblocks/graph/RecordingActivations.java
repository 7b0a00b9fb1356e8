package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.ActivationKernels;
import io.github.djlblocks.kernel.GateOrder;
import io.github.djlblocks.kernel.GateSpec;

/** Recorded activations. */
interface RecordingActivations extends ActivationKernels, Recording {

    @Override
    default NDArray activation(NDArray x, ActivationFunction function) {
        return like("activation", x, x, function);
    }

    @Override
    default NDArray gatedActivation(NDArray gate, NDArray up, GateSpec spec) {
        Recording.requireSame("gate and value must have one shape", gate, up);
        return like("gatedActivation", gate, gate, up, spec);
    }

    @Override
    default NDArray gatedActivation(NDArray gateAndUp, GateOrder order, GateSpec spec) {
        long both = dim(gateAndUp, -1).hint();
        Recording.require(both % 2 == 0, "gate and value need an even axis", gateAndUp, gateAndUp);
        return shaped(
                "fusedGatedActivation",
                withLast(gateAndUp, Dim.of(both / 2)),
                gateAndUp,
                gateAndUp,
                order,
                spec);
    }

    @Override
    default NDArray parametricRelu(NDArray x, NDArray slope, int axis) {
        return like("parametricRelu", x, x, slope, axis);
    }

    @Override
    default NDArray randomizedRelu(NDArray x, double lower, double upper) {
        throw Recording.refused("randomizedRelu", "it draws random numbers");
    }

    @Override
    default NDArray swish(NDArray x, NDArray beta) {
        return like("swish", x, x, beta);
    }

    @Override
    default NDArray softmax(NDArray x, int axis) {
        requireAxis(x, axis);
        return like("softmax", x, x, axis);
    }

    @Override
    default NDArray logSoftmax(NDArray x, int axis) {
        requireAxis(x, axis);
        return like("logSoftmax", x, x, axis);
    }

    private static void requireAxis(NDArray x, int axis) {
        int rank = x.getShape().dimension();
        Recording.require(axis >= -rank && axis < rank, "there is no axis " + axis, x, x);
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;

/** Activations in DJL operations that every engine has and can differentiate. */
interface PortableActivations extends ActivationKernels {

    @Override
    default NDArray activation(NDArray x, ActivationFunction function) {
        if (x.getShape().isScalar()) {
            // On PyTorch a FLOAT32 scalar times a double is FLOAT64, and a cast has no gradient.
            return activation(x.reshape(1), function).reshape(x.getShape());
        }
        return Precision.narrow(PortableCurves.apply(Precision.widen(x), function), x);
    }

    @Override
    default NDArray gatedActivation(NDArray gate, NDArray up, GateSpec spec) {
        if (!gate.getShape().equals(up.getShape())) {
            throw new IllegalArgumentException(
                    "gate of shape "
                            + gate.getShape()
                            + " cannot gate a value of shape "
                            + up.getShape()
                            + ": give both the same shape");
        }
        NDArray limitedGate = gate;
        NDArray value = up;
        if (spec.isLimited()) {
            limitedGate = PortableCurves.atMost(gate, spec.limit());
            value = PortableCurves.between(up, -spec.limit(), spec.limit());
        }
        if (spec.upOffset() != 0) {
            value = value.add(spec.upOffset());
        }
        return activation(limitedGate, spec.function()).mul(value);
    }

    @Override
    default NDArray gatedActivation(NDArray gateAndUp, GateOrder order, GateSpec spec) {
        Shape shape = gateAndUp.getShape();
        int rank = shape.dimension();
        long both = rank == 0 ? 0 : shape.get(rank - 1);
        if (both == 0 || both % 2 != 0) {
            throw new IllegalArgumentException(
                    "gate and value of shape "
                            + shape
                            + " need an even last axis: F channels for each of the two");
        }
        long f = both / 2;
        if (order == GateOrder.INTERLEAVED) {
            // (..., 2 F) -> (..., F, 2)
            NDArray pairs = gateAndUp.reshape(shape.slice(0, rank - 1).add(f).add(2));
            Shape half = shape.slice(0, rank - 1).add(f);
            NDArray gate = pairs.get(new NDIndex("..., :1")).reshape(half);
            return gatedActivation(gate, pairs.get(new NDIndex("..., 1:")).reshape(half), spec);
        }
        NDArray first = gateAndUp.get(new NDIndex("..., :" + f));
        NDArray second = gateAndUp.get(new NDIndex("..., " + f + ":"));
        return order == GateOrder.GATE_FIRST
                ? gatedActivation(first, second, spec)
                : gatedActivation(second, first, spec);
    }

    @Override
    default NDArray parametricRelu(NDArray x, NDArray slope, int axis) {
        NDArray wide = Precision.widen(x);
        NDArray factor = slope.toType(wide.getDataType(), false);
        if (slope.size() != 1) {
            factor = factor.reshape(aligned(x.getShape(), slope.getShape(), axis));
        }
        return Precision.narrow(
                EngineGaps.where(EngineGaps.gt(wide, 0), wide, wide.mul(factor)), x);
    }

    private static Shape aligned(Shape x, Shape slope, int axis) {
        int end = axis + slope.dimension();
        boolean fits = axis >= 0 && end <= x.dimension() && x.slice(axis, end).equals(slope);
        if (!fits) {
            throw new IllegalArgumentException(
                    "slope of shape "
                            + slope
                            + " does not lie along the axes of "
                            + x
                            + " from axis "
                            + axis
                            + " on");
        }
        Shape aligned = slope;
        for (int i = end; i < x.dimension(); i++) {
            aligned = aligned.add(1);
        }
        return aligned;
    }

    @Override
    default NDArray randomizedRelu(NDArray x, double lower, double upper) {
        NDArray wide = Precision.widen(x);
        NDArray slope =
                wide.getManager()
                        .randomUniform(
                                (float) lower, (float) upper, wide.getShape(), wide.getDataType());
        return Precision.narrow(EngineGaps.where(EngineGaps.gt(wide, 0), wide, wide.mul(slope)), x);
    }

    @Override
    default NDArray swish(NDArray x, NDArray beta) {
        NDArray wide = Precision.widen(x);
        NDArray inner = wide.mul(beta.toType(wide.getDataType(), false));
        return Precision.narrow(wide.mul(PortableCurves.sigmoid(inner)), x);
    }

    @Override
    default NDArray softmax(NDArray x, int axis) {
        int counted = counted(x, axis);
        return Precision.narrow(Precision.widen(x).softmax(counted), x);
    }

    @Override
    default NDArray logSoftmax(NDArray x, int axis) {
        int counted = counted(x, axis);
        return Precision.narrow(PortableCurves.logSoftmax(Precision.widen(x), counted), x);
    }

    private static int counted(NDArray x, int axis) {
        int rank = x.getShape().dimension();
        if (axis < -rank || axis >= rank) {
            throw new IllegalArgumentException(
                    "axis ("
                            + axis
                            + ") is not one of the "
                            + rank
                            + " axes of "
                            + x.getShape()
                            + ": they run from "
                            + -rank
                            + " to "
                            + (rank - 1));
        }
        return axis < 0 ? axis + rank : axis;
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Random numbers in DJL operations that every engine has and can differentiate. */
interface PortableRandom extends RandomKernels {

    // DJL's own operator refuses on MXNet whatever is outside of a gradient collector.
    @Override
    default NDArray dropout(NDArray x, double rate) {
        if (x.getShape().isScalar()) {
            // As in activations: what a double makes FLOAT64 on PyTorch has no way back.
            return dropout(x.reshape(1), rate).reshape(x.getShape());
        }
        NDArray wide = Precision.widen(x);
        NDArray random = x.getManager().randomUniform(0, 1, x.getShape(), DataType.FLOAT32);
        NDArray keep = EngineGaps.gte(random, rate).toType(wide.getDataType(), false);
        return Precision.narrow(wide.mul(keep.div(1 - rate)), x);
    }
}

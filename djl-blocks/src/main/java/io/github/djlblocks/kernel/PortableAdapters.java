package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import org.jspecify.annotations.Nullable;

/** Maps of low rank in DJL operations that every engine has and can differentiate. */
interface PortableAdapters extends AdapterKernels {

    @Override
    default NDArray lowRank(NDArray x, NDArray down, NDArray up, @Nullable NDArray bias) {
        Precision.requireMatrixProduct(x);
        return EngineGaps.linear(EngineGaps.linear(x, down, null), up, bias);
    }

    @Override
    default NDArray addLowRank(NDArray weight, NDArray down, NDArray up, double factor) {
        Precision.requireMatrixProduct(weight);
        NDArray product = EngineGaps.linear(up, down.transpose(1, 0), null);
        return OwnMemory.mul(product, factor).add(weight);
    }

    @Override
    default NDArray perRowLength(NDArray magnitude, NDArray matrix) {
        NDArray wide = Precision.widen(magnitude);
        return Precision.narrow(
                wide.div(Precision.widen(EngineGaps.constant(lengths(matrix)))), magnitude);
    }

    @Override
    default NDArray scaleRows(NDArray matrix, NDArray factors) {
        return matrix.mul(factors.reshape(-1, 1));
    }

    @Override
    default NDArray rowLengths(NDArray matrix) {
        return Precision.narrow(lengths(matrix), matrix);
    }

    /** A change of an array that wants a gradient is an error on PyTorch, but for one thread. */
    @Override
    default void overwrite(NDArray target, NDArray values) {
        try (NDArray view = target.stopGradient()) {
            if (view.getShape().isScalar()) {
                // MXNet gives an index of a scalar a copy. x^0 is 1, also of NaN and infinity.
                view.powi(0);
                view.muli(values);
            } else {
                view.set(new NDIndex("..."), values);
            }
        }
    }

    private static NDArray lengths(NDArray matrix) {
        return Precision.widen(matrix).square().sum(new int[] {1}).sqrt();
    }
}

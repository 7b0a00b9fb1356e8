package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import org.jspecify.annotations.Nullable;

/**
 * DJL operations that the binding of an engine lacks, and where {@link StandIns} and {@link
 * OwnMemory} take their place.
 *
 * <p>The Rust engine, for inference only, has the arithmetic of arrays but no layers, no selection
 * and no way to look up or overwrite rows; it multiplies no matrices that lie in memory in another
 * order than their shape says, and compares with numbers of the array's own type alone. The two
 * engines that have all this keep theirs: PyTorch's linear layer adds the bias inside the product.
 */
final class EngineGaps {

    private EngineGaps() {}

    private static boolean isRust(NDArray x) {
        return "Rust".equals(x.getManager().getEngine().getEngineName());
    }

    private static boolean isPyTorch(NDArray x) {
        return "PyTorch".equals(x.getManager().getEngine().getEngineName());
    }

    /** Says whether an array made of numbers in Java lies in memory that Java takes back. */
    static boolean laysOverJava(NDArray x) {
        return isPyTorch(x);
    }

    /** Says whether results of two arrays are in no scope. */
    static boolean escapesScopes(NDArray x) {
        return !(x instanceof KernelSource) && isRust(x);
    }

    /** Puts a result that is in no scope into the running one. */
    static NDArray scoped(NDArray result) {
        if (isRust(result)) {
            NDScope.register(result);
        }
        return result;
    }

    static NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        return isRust(x)
                ? StandIns.linear(x, weight, bias)
                : Linear.linear(x, weight, bias).singletonOrThrow();
    }

    static NDArray embedding(NDArray ids, NDArray table) {
        return isRust(table)
                ? StandIns.embedding(ids, table)
                : Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
    }

    static NDArray matMul(NDArray a, NDArray b) {
        return isRust(a) ? StandIns.inOrder(a).matMul(StandIns.inOrder(b)) : a.matMul(b);
    }

    static NDArray gt(NDArray x, Number number) {
        return isRust(x) ? x.gt(StandIns.number(x, number)) : x.gt(number);
    }

    static NDArray gte(NDArray x, Number number) {
        return isRust(x) ? x.gte(StandIns.number(x, number)) : x.gte(number);
    }

    static NDArray lt(NDArray x, Number number) {
        return isRust(x) ? x.lt(StandIns.number(x, number)) : x.lt(number);
    }

    static NDArray lte(NDArray x, Number number) {
        return isRust(x) ? x.lte(StandIns.number(x, number)) : x.lte(number);
    }

    static NDArray neq(NDArray x, Number number) {
        return isRust(x) ? x.neq(StandIns.number(x, number)) : x.neq(number);
    }

    /** A BOOLEAN array reshaped or joined, which on Rust is UINT8 by then. */
    static NDArray truth(NDArray x) {
        return isRust(x) ? x.toType(DataType.BOOLEAN, false) : x;
    }

    /** One or the other by a condition; all three are of one shape. */
    static NDArray where(NDArray condition, NDArray chosen, NDArray otherwise) {
        return isRust(chosen)
                ? StandIns.where(condition, chosen, otherwise)
                : NDArrays.where(condition, chosen, otherwise);
    }

    /**
     * {@code ln(1 + e^x)} of arguments at or below 0. Rust has no such operation, and that of MXNet
     * in FLOAT32 is off by up to 3.8e-6 and even negative: -1.9e-6 for 2.1e-9, at -20.
     */
    static NDArray softPlusBelow(NDArray x) {
        return isPyTorch(x) ? Activation.softPlus(x) : StandIns.softPlusBelow(x);
    }

    /** What a gradient does not pass; without gradients there is nothing to stop. */
    static NDArray constant(NDArray x) {
        return isRust(x) ? x : x.stopGradient();
    }

    /** Says whether an array can be written into. */
    static boolean writes(NDArray x) {
        return !isRust(x);
    }
}

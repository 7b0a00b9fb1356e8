package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import org.jspecify.annotations.Nullable;

/**
 * The primitives as compositions of DJL operations that every engine has and can differentiate.
 *
 * <p>Arrays derived from the first operand come first in every binary operation: DJL attaches a
 * result to the manager of its left operand, and a parameter there would tie it to the model.
 */
final class PortableKernels
        implements Kernels,
                PortableNorms,
                PortableActivations,
                PortablePositions,
                PortableHeads,
                PortableCaches,
                PortableRandom,
                PortableRouting,
                PortableSequences,
                PortableAdapters {

    static final PortableKernels INSTANCE = new PortableKernels();

    private PortableKernels() {}

    @Override
    public NDArray add(NDArray x, double alpha, NDArray r) {
        if (!x.getShape().equals(r.getShape())) {
            throw new IllegalArgumentException(
                    "cannot add arrays of shapes "
                            + x.getShape()
                            + " and "
                            + r.getShape()
                            + ": a residual keeps the shape of its input");
        }
        return (alpha == 1 ? x : OwnMemory.mul(x, alpha)).add(r);
    }

    @Override
    public NDArray scale(NDArray x, double factor) {
        return factor == 1 ? x : OwnMemory.mul(x, factor);
    }

    @Override
    public NDArray scale(NDArray x, NDArray factor) {
        return x.mul(factor);
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        Precision.requireMatrixProduct(x);
        return EngineGaps.linear(x, weight, bias);
    }

    @Override
    public NDArray embedding(NDArray ids, NDArray table) {
        long rows = table.getShape().get(0);
        for (long id : HostIntegers.of(ids, "token ids")) {
            if (id < 0 || id >= rows) {
                throw new IllegalArgumentException(
                        "token id "
                                + id
                                + " is outside the embedding table of "
                                + rows
                                + " rows: ids run from 0 to "
                                + (rows - 1));
            }
        }
        return EngineGaps.embedding(ids, table);
    }

    @Override
    public NDArray lastPosition(NDArray x) {
        long length = x.getShape().get(1);
        return x.get(new NDIndex(":, " + (length - 1) + ":" + length + ", :"));
    }

    @Override
    public NDArray argMax(NDArray x) {
        return x.argMax(x.getShape().dimension() - 1);
    }

    @Override
    public boolean isFinite(NDArray x) {
        // 0 * x is 0 for a number and NaN for anything else; a sum of x itself could overflow.
        return Precision.widen(x).mul(0).sum().toType(DataType.FLOAT64, false).getDouble() == 0;
    }
}

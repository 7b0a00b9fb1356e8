package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import org.jspecify.annotations.Nullable;

/**
 * DJL operations that the binding of an engine lacks, and what stands in for them.
 *
 * <p>The Rust engine, for inference only, has the arithmetic of arrays but neither a linear layer
 * nor any way to look up rows by index. The two engines that have them keep theirs: PyTorch's adds
 * the bias inside the product.
 */
final class EngineGaps {

    private EngineGaps() {}

    /** Says whether DJL's linear and embedding layers are missing. */
    private static boolean lacksLayers(NDArray x) {
        return isRust(x);
    }

    /** Says whether results of two arrays are in no scope. */
    static boolean escapesScopes(NDArray x) {
        return !(x instanceof KernelSource) && isRust(x);
    }

    private static boolean isRust(NDArray x) {
        return "Rust".equals(x.getManager().getEngine().getEngineName());
    }

    static NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        return lacksLayers(x)
                ? matrixProduct(x, weight, bias)
                : Linear.linear(x, weight, bias).singletonOrThrow();
    }

    /** (..., in) times (out, in) transposed, as a product of two matrices. */
    private static NDArray matrixProduct(NDArray x, NDArray weight, @Nullable NDArray bias) {
        Shape shape = x.getShape();
        int leading = shape.dimension() - 1;
        Shape output = shape.slice(0, leading).add(weight.getShape().get(0));
        NDArray rows = x.reshape(new Shape(shape.size() / shape.get(leading), shape.get(leading)));
        NDArray y = rows.matMul(weight.transpose()).reshape(output);
        return bias == null ? y : y.add(bias);
    }

    static NDArray embedding(NDArray ids, NDArray table) {
        return lacksLayers(table)
                ? joinedRows(ids, table)
                : Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
    }

    /**
     * Rows cut out of a table and joined: copies, as a lookup makes them, where the product with a
     * one-hot matrix would take memory for tokens times vocabulary.
     */
    private static NDArray joinedRows(NDArray ids, NDArray table) {
        long[] indices = HostIntegers.of(ids, "row indices");
        NDList rows = new NDList(indices.length);
        for (long row : indices) {
            rows.add(table.get(ids.getManager(), new NDIndex(row + ":" + (row + 1))));
        }
        NDArray joined = NDArrays.concat(rows, 0);
        rows.close();
        return joined.reshape(ids.getShape().add(table.getShape().get(1)));
    }
}

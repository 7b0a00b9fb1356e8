package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/**
 * What stands in for DJL operations that the binding of an engine lacks.
 *
 * <p>The Rust engine, for inference only, has the arithmetic of arrays but neither a linear layer
 * nor any way to look up rows by index. The two engines that have them keep theirs: PyTorch's adds
 * the bias inside the product.
 */
final class EngineGaps {

    private EngineGaps() {}

    /** Says whether DJL's linear and embedding layers are missing. */
    static boolean lacksLayers(NDArray x) {
        return "Rust".equals(x.getManager().getEngine().getEngineName());
    }

    /** (..., in) times (out, in) transposed, as a product of two matrices. */
    static NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        Shape shape = x.getShape();
        int leading = shape.dimension() - 1;
        Shape output = shape.slice(0, leading).add(weight.getShape().get(0));
        NDArray rows = x.reshape(new Shape(shape.size() / shape.get(leading), shape.get(leading)));
        NDArray y = rows.matMul(weight.transpose()).reshape(output);
        return bias == null ? y : y.add(bias);
    }

    /**
     * Rows cut out of a table and joined: copies, as a lookup makes them, where the product with a
     * one-hot matrix would take memory for tokens times vocabulary.
     */
    static NDArray embedding(long[] ids, Shape shape, NDArray table) {
        NDList rows = new NDList(ids.length);
        for (long id : ids) {
            rows.add(table.get(new NDIndex(id + ":" + (id + 1))));
        }
        return NDArrays.concat(rows, 0).reshape(shape.add(table.getShape().get(1)));
    }
}

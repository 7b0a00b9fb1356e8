package io.github.djlblocks.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * A sublayer with a norm and a residual connection around it, in one of the places the field puts
 * the norm.
 *
 * <p>{@link #pre} {@code y = x + f(norm(x))}; {@link #post} {@code y = norm(x + f(x))}; {@link
 * DeepNorm} {@code y = norm(alpha * x + f(x))}. x and y have the same shape, (B, S, E); further
 * inputs and params go to the sublayer as they are.
 */
public abstract class Residual extends KernelBlock {

    /** The norm; its parameters are {@code norm.*}. */
    protected final Block norm;

    /** The sublayer; its parameters are {@code sublayer.*}. */
    protected final Block sublayer;

    /**
     * Puts a norm and a sublayer together.
     *
     * @param norm keeps the shape
     * @param sublayer keeps the shape
     */
    @SuppressWarnings("this-escape") // addChildBlock is final and only stores
    protected Residual(Block norm, Block sublayer) {
        this.norm = addChildBlock("norm", norm);
        this.sublayer = addChildBlock("sublayer", sublayer);
    }

    /**
     * Pre-norm: {@code y = x + f(norm(x))}, as in GPT-2 and Llama (arXiv 2002.04745).
     *
     * @param norm any norm of the last axis
     * @param sublayer attention or feed-forward
     * @return the block
     */
    public static Residual pre(Block norm, Block sublayer) {
        return new Pre(norm, sublayer);
    }

    /**
     * Post-norm: {@code y = norm(x + f(x))}, as in the original transformer (arXiv 1706.03762).
     *
     * @param norm any norm of the last axis
     * @param sublayer attention or feed-forward
     * @return the block
     */
    public static Residual post(Block norm, Block sublayer) {
        return new Post(norm, sublayer, 1);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        requireInput(inputShapes);
        Shape x = inputShapes[0];
        Shape normed = norm.getOutputShapes(new Shape[] {x})[0];
        Shape output = sublayer.getOutputShapes(inputShapes)[0];
        if (!normed.equals(x) || !output.equals(x)) {
            throw new IllegalArgumentException(
                    "a residual connection keeps the shape of its input "
                            + x
                            + ", but its norm gives "
                            + normed
                            + " and its sublayer "
                            + output);
        }
        return new Shape[] {x};
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        requireInput(inputShapes);
    }

    private void requireInput(Shape[] inputShapes) {
        if (inputShapes.length == 0) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " takes x (B, S, E), got no input");
        }
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        norm.initialize(manager, dataType, inputShapes[0]);
        sublayer.initialize(manager, dataType, inputShapes);
    }

    /**
     * Runs the sublayer.
     *
     * @param store where the parameters' values are
     * @param x its first input
     * @param inputs what this block was given
     * @param training whether this is a training pass
     * @param params passed along, or none
     * @return its output
     */
    protected final NDArray runSublayer(
            ParameterStore store,
            NDArray x,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList arguments = new NDList(x);
        arguments.addAll(inputs.subNDList(1));
        return call(sublayer, store, arguments, training, params);
    }

    private static final class Pre extends Residual {

        private Pre(Block norm, Block sublayer) {
            super(norm, sublayer);
        }

        @Override
        protected NDList compute(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.get(0);
            NDArray normed = call(norm, store, x, training, null);
            NDArray y = runSublayer(store, normed, inputs, training, params);
            return new NDList(Kernels.of(x).add(x, 1, y));
        }
    }

    /** Post-norm with a weight on the residual branch, which DeepNorm makes larger than one. */
    static class Post extends Residual {

        private final double alpha;

        Post(Block norm, Block sublayer, double alpha) {
            super(norm, sublayer);
            this.alpha = alpha;
        }

        @Override
        protected final NDList compute(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.get(0);
            NDArray y = runSublayer(store, x, inputs, training, params);
            NDArray sum = Kernels.of(x).add(x, alpha, y);
            return new NDList(call(norm, store, sum, training, null));
        }
    }
}

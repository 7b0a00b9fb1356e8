package io.github.djlblocks.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Attention and feed-forward side by side on one residual stream: a layer with one addition.
 *
 * <p>{@link #of} {@code y = x + attention(norm1(x)) + feedForward(norm2(x))}, as in GPT-NeoX (arXiv
 * 2204.06745); {@link #sharing} {@code y = x + attention(norm(x)) + feedForward(norm(x))}, as in
 * GPT-J and Phi. What the two {@link Residual}s have besides, output norm, LayerScale, multiplier,
 * dropout, belongs to their branch.
 *
 * <p>x and y have the same shape, (B, S, E). Further inputs and params go to the attention as they
 * are, and what it gives besides its first output comes after y, as it is. Parameters: {@code
 * norm.*} where it is shared, {@code attention.*}, {@code feedForward.*}.
 */
public final class ParallelResidual extends KernelBlock {

    private final @Nullable Block norm;
    private final Residual attention;
    private final Residual feedForward;

    private ParallelResidual(@Nullable Block norm, Residual attention, Residual feedForward) {
        if (!attention.isPlainSum() || !feedForward.isPlainSum()) {
            throw new IllegalArgumentException(
                    "sublayers side by side are added to x: their residuals take no norm of the sum"
                            + " and no weight of x");
        }
        if (norm != null && (attention.hasInputNorm() || feedForward.hasInputNorm())) {
            throw new IllegalArgumentException(
                    "the norm is shared: build the residuals of attention and feed-forward without"
                            + " an input norm");
        }
        this.norm = norm == null ? null : addChildBlock("norm", norm);
        this.attention = addChildBlock("attention", attention);
        this.feedForward = addChildBlock("feedForward", feedForward);
    }

    /**
     * Puts two branches side by side, each with its own norms.
     *
     * @param attention attention in {@link Residual#pre} or another scheme without a norm of the
     *     sum
     * @param feedForward feed-forward, likewise
     * @return the block
     * @throws IllegalArgumentException if a residual is more than a sum
     */
    public static ParallelResidual of(Residual attention, Residual feedForward) {
        return new ParallelResidual(null, attention, feedForward);
    }

    /**
     * Puts two branches side by side behind one norm, computed once.
     *
     * @param norm any norm of the last axis
     * @param attention attention in a residual without input norm
     * @param feedForward feed-forward, likewise
     * @return the block
     * @throws IllegalArgumentException if a residual is more than a sum or has an input norm
     */
    public static ParallelResidual sharing(Block norm, Residual attention, Residual feedForward) {
        return new ParallelResidual(norm, attention, feedForward);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        Shape[] x = {inputShapes[0]};
        if (norm != null) {
            Residual.requireKept("norm", x[0], norm.getOutputShapes(x)[0]);
        }
        feedForward.getOutputShapes(x);
        return attention.getOutputShapes(inputShapes);
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        if (inputShapes.length == 0) {
            throw new IllegalArgumentException("ParallelResidual takes x (B, S, E), got no input");
        }
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        if (norm != null) {
            norm.initialize(manager, dataType, inputShapes[0]);
        }
        attention.initialize(manager, dataType, inputShapes);
        feedForward.initialize(manager, dataType, inputShapes[0]);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        NDArray normed = norm == null ? x : call(norm, store, x, training, null);
        NDList attended =
                attention.branch(store, Residual.withFirst(normed, inputs), training, params);
        NDArray fed =
                feedForward
                        .branch(store, new NDList(normed), training, AdapterChoice.only(params))
                        .get(0);
        Kernels kernels = Kernels.of(x);
        NDArray sum = kernels.add(x, 1, attended.get(0));
        return Residual.withFirst(kernels.add(sum, 1, fed), attended);
    }
}

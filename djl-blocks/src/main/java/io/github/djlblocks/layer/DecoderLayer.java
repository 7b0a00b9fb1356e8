package io.github.djlblocks.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import org.jspecify.annotations.Nullable;

/**
 * A decoder layer: self-attention, then feed-forward, each in the residual scheme it was wrapped
 * in.
 *
 * <p>x (B, S, E) to y (B, S, E). Mask, positions and cache come to the attention in an {@link
 * io.github.djlblocks.attention.AttentionContext}.
 *
 * <p>With {@link Residual#pre} and RMSNorm this is Hugging Face {@code LlamaDecoderLayer}; with
 * {@link DeepNorm}, torchscale's {@code DecoderLayer} (arXiv 2203.00555).
 */
public final class DecoderLayer extends UnaryBlock {

    private final Residual attention;
    private final Residual feedForward;

    private DecoderLayer(Residual attention, Residual feedForward) {
        super("x (B, S, E)");
        this.attention = addChildBlock("attention", attention);
        this.feedForward = addChildBlock("feedForward", feedForward);
    }

    /**
     * Puts a layer together.
     *
     * @param attention causal self-attention in its residual scheme
     * @param feedForward feed-forward block in its residual scheme
     * @return the block
     */
    public static DecoderLayer of(Residual attention, Residual feedForward) {
        return new DecoderLayer(attention, feedForward);
    }

    @Override
    protected Shape outputShape(Shape input) {
        return feedForward.getOutputShapes(attention.getOutputShapes(new Shape[] {input}))[0];
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        requireInputs(inputShapes, "x (B, S, E)", 1);
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        attention.initialize(manager, dataType, inputShapes);
        feedForward.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray attended = call(attention, store, x, training, params);
        return call(feedForward, store, attended, training, null);
    }
}

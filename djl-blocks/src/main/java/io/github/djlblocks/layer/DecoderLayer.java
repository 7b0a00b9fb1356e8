package io.github.djlblocks.layer;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import org.jspecify.annotations.Nullable;

/**
 * A decoder layer: self-attention, then feed-forward, each in the residual scheme it was wrapped
 * in.
 *
 * <p>x (B, S, E) to y (B, S, E). Mask, positions and cache come to the attention in an {@link
 * io.github.djlblocks.attention.AttentionContext}; asked by it, the attention's weights follow y.
 *
 * <p>With {@link Residual#pre} and RMSNorm this is Hugging Face {@code LlamaDecoderLayer}; with
 * {@link DeepNorm}, torchscale's {@code DecoderLayer} (arXiv 2203.00555).
 */
public final class DecoderLayer extends KernelBlock {

    private final Residual attention;
    private final Residual feedForward;

    private DecoderLayer(Residual attention, Residual feedForward) {
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
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        return feedForward.getOutputShapes(attention.getOutputShapes(inputShapes));
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
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList attended = callAll(attention, store, inputs, training, params);
        NDList outputs = new NDList(call(feedForward, store, attended.get(0), training, null));
        outputs.addAll(attended.subNDList(1));
        return outputs;
    }
}

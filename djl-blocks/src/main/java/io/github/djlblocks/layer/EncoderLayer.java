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
 * An encoder layer: self-attention, then feed-forward, each in the residual scheme it was wrapped
 * in.
 *
 * <p>x (B, S, E) to y (B, S, E); the weights of the attention (B, H, S, S) follow if asked for.
 * Mask and positions come to the attention in an {@link
 * io.github.djlblocks.attention.AttentionContext}.
 *
 * <p>With {@link Residual#post} and layer norm this is Hugging Face {@code BertLayer} (arXiv
 * 1810.04805), with {@link Residual#pre} and RMSNorm {@code T5Block} (arXiv 1910.10683), with
 * {@link DeepNorm} torchscale's {@code EncoderLayer} (arXiv 2203.00555).
 */
public final class EncoderLayer extends KernelBlock {

    private final Residual attention;
    private final Residual feedForward;

    private EncoderLayer(Residual attention, Residual feedForward) {
        this.attention = addChildBlock("attention", attention);
        this.feedForward = addChildBlock("feedForward", feedForward);
    }

    /**
     * Puts a layer together.
     *
     * @param attention self-attention, not causal, in its residual scheme
     * @param feedForward feed-forward block in its residual scheme
     * @return the block
     */
    public static EncoderLayer of(Residual attention, Residual feedForward) {
        return new EncoderLayer(attention, feedForward);
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

package io.github.djlblocks.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import org.jspecify.annotations.Nullable;

/**
 * A decoder layer that looks at an encoder: self-attention, cross-attention, feed-forward, each in
 * the residual scheme it was wrapped in.
 *
 * <p>Inputs: x (B, S, E), and memory (B, T, M), what the encoder gave, which may be left out once
 * its keys and values are in the cache. Output y (B, S, E); the weights of self-attention (B, H, S,
 * P) and of cross-attention (B, H, S, T) follow if asked for. Masks, positions and caches of both
 * come to the attentions in an {@link io.github.djlblocks.attention.AttentionContext}.
 *
 * <p>Vaswani et al., arXiv 1706.03762; with {@link Residual#post} Hugging Face {@code
 * BartDecoderLayer}, with {@link Residual#pre} a {@code T5Block} of the decoder.
 */
public final class CrossDecoderLayer extends KernelBlock {

    private static final String LAYOUT = "x (B, S, E), memory (B, T, M)";

    private final Residual attention;
    private final Residual crossAttention;
    private final Residual feedForward;

    private CrossDecoderLayer(Residual attention, Residual crossAttention, Residual feedForward) {
        this.attention = addChildBlock("attention", attention);
        this.crossAttention = addChildBlock("crossAttention", crossAttention);
        this.feedForward = addChildBlock("feedForward", feedForward);
    }

    /**
     * Puts a layer together.
     *
     * @param attention causal self-attention in its residual scheme
     * @param crossAttention attention built for cross in its residual scheme
     * @param feedForward feed-forward block in its residual scheme
     * @return the block
     */
    public static CrossDecoderLayer of(
            Residual attention, Residual crossAttention, Residual feedForward) {
        return new CrossDecoderLayer(attention, crossAttention, feedForward);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        Shape[] attended = attention.getOutputShapes(new Shape[] {inputShapes[0]});
        Shape[] crossed = crossAttention.getOutputShapes(withFirst(attended[0], inputShapes));
        return feedForward.getOutputShapes(new Shape[] {crossed[0]});
    }

    private static Shape[] withFirst(Shape first, Shape... inputShapes) {
        Shape[] shapes = inputShapes.clone();
        shapes[0] = first;
        return shapes;
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        if (inputShapes.length != 1 && inputShapes.length != 2) {
            throw new IllegalArgumentException(
                    "CrossDecoderLayer takes 1 or 2 inputs, "
                            + LAYOUT
                            + ", got "
                            + inputShapes.length);
        }
        for (Shape shape : inputShapes) {
            Checks.rank("CrossDecoderLayer", shape, LAYOUT, 3);
        }
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0];
        attention.initialize(manager, dataType, x);
        crossAttention.initialize(manager, dataType, inputShapes);
        feedForward.initialize(manager, dataType, x);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList attended = callAll(attention, store, new NDList(inputs.get(0)), training, params);
        NDList arguments = new NDList(attended.get(0));
        arguments.addAll(inputs.subNDList(1));
        NDList crossed = callAll(crossAttention, store, arguments, training, params);
        NDArray y = call(feedForward, store, crossed.get(0), training, AdapterChoice.only(params));
        NDList outputs = new NDList(y);
        outputs.addAll(attended.subNDList(1));
        outputs.addAll(crossed.subNDList(1));
        return outputs;
    }
}

package io.github.djlblocks.layer;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention, then feed-forward: what a layer of an encoder and one of a decoder alone share.
 */
abstract class SelfAttentionLayer extends KernelBlock {

    private final Residual attention;
    private final Residual feedForward;

    @SuppressWarnings("this-escape") // addChildBlock is final and only stores
    SelfAttentionLayer(Residual attention, Residual feedForward) {
        this.attention = addChildBlock("attention", attention);
        this.feedForward = addChildBlock("feedForward", feedForward);
    }

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        return feedForward.getOutputShapes(attention.getOutputShapes(inputShapes));
    }

    @Override
    protected final void checkInputs(Shape[] inputShapes) {
        requireInputs(inputShapes, "x (B, S, E)", 1);
    }

    @Override
    protected final void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        attention.initialize(manager, dataType, inputShapes);
        feedForward.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected final NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList attended = callAll(attention, store, inputs, training, params);
        NDList outputs =
                new NDList(
                        call(
                                feedForward,
                                store,
                                attended.get(0),
                                training,
                                AdapterChoice.only(params)));
        outputs.addAll(attended.subNDList(1));
        return outputs;
    }
}

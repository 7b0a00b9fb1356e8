package io.github.djlblocks.adapter;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import org.jspecify.annotations.Nullable;

/**
 * A block in whose passes one adapter applies: {@code y = f(x)} with the param {@value
 * AdapterChoice#KEY} set. DJL's trainers and predictors pass no params, so they are given this. The
 * block itself is the child {@code model}, and stays as it is.
 */
public final class AdaptedBlock extends KernelBlock {

    private final Block model;
    private final String adapter;

    private AdaptedBlock(Block model, String adapter) {
        this.model = addChildBlock("model", model);
        this.adapter = adapter;
    }

    /**
     * Wraps a block.
     *
     * @param model a block that has, or will have, the adapter
     * @param adapter the name of the adapter
     * @return the wrapper
     */
    public static AdaptedBlock of(Block model, String adapter) {
        return new AdaptedBlock(model, adapter);
    }

    /**
     * Returns the name of the adapter.
     *
     * @return which adapter applies
     */
    public String getAdapter() {
        return adapter;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return model.getOutputShapes(inputShapes);
    }

    /** The block checks them itself. */
    @Override
    protected void checkInputs(Shape[] inputShapes) {}

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        model.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return callAll(model, store, inputs, training, params);
    }

    @Override
    protected PairList<String, Object> passedOn(@Nullable PairList<String, Object> params) {
        return AdapterChoice.with(params, adapter);
    }
}

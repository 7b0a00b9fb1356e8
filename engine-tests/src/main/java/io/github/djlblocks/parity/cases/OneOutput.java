package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import org.jspecify.annotations.Nullable;

/** One of the outputs of a block that has several. */
final class OneOutput extends KernelBlock {

    private final Block block;
    private final int output;

    private OneOutput(Block block, int output) {
        this.block = addChildBlock("block", block);
        this.output = output;
    }

    /** The block whose output this is. */
    Block whole() {
        return block;
    }

    static OneOutput of(Block block, int output) {
        return new OneOutput(block, output);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {block.getOutputShapes(inputShapes)[output]};
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        block.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return new NDList(callAll(block, store, inputs, training, params).get(output));
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.KernelSource;
import org.jspecify.annotations.Nullable;

/** A block whose passes for inference run compiled. */
final class CompiledBlock extends AbstractBlock {

    private final Block block;
    private final BlockRunner runner;

    CompiledBlock(Block block, BlockRunner runner) {
        this.block = addChildBlock("block", block);
        this.runner = runner;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return block.getOutputShapes(inputShapes);
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        block.initialize(manager, dataType, inputShapes);
    }

    @Override
    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        boolean recorded = !inputs.isEmpty() && inputs.get(0) instanceof KernelSource;
        NDList outputs = training || recorded ? null : runner.run(inputs, params);
        return outputs == null ? block.forward(store, inputs, training, params) : outputs;
    }
}

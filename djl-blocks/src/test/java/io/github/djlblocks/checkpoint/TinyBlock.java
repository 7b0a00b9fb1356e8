package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** Affine maps in a row, {@code y = x W^T + b}: a tree of blocks to load things into. */
final class TinyBlock extends AbstractBlock {

    private TinyBlock() {}

    static TinyBlock tree() {
        return new TinyBlock();
    }

    static TinyBlock affine(Shape weight, Shape bias) {
        return new TinyBlock().with("weight", weight).with("bias", bias);
    }

    TinyBlock with(String parameter, Shape shape) {
        return with(
                Parameter.builder()
                        .setName(parameter)
                        .setType(Parameter.Type.WEIGHT)
                        .optShape(shape)
                        .build());
    }

    TinyBlock with(Parameter parameter) {
        addParameter(parameter);
        return this;
    }

    TinyBlock with(String name, Block child) {
        addChildBlock(name, child);
        return this;
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        children.values().forEach(child -> child.initialize(manager, dataType, inputShapes));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow();
        Parameter weight = parameters.get("weight");
        Parameter bias = parameters.get("bias");
        if (weight != null && bias != null) {
            x = x.matMul(weight.getArray().transpose()).add(bias.getArray());
        }
        for (Block child : children.values()) {
            x = child.forward(store, new NDList(x), training).singletonOrThrow();
        }
        return new NDList(x);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }
}

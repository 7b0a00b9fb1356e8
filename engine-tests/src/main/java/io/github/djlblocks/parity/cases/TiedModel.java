package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.TokenEmbedding;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The least model with a tied head: an embedding, and the head that uses its table. */
final class TiedModel extends KernelBlock {

    private final TokenEmbedding embedding;
    private final Block head;

    private TiedModel(TokenEmbedding embedding, Block head) {
        this.embedding = addChildBlock("embedding", embedding);
        this.head = addChildBlock("head", head);
    }

    static TiedModel of(TokenEmbedding embedding, Function<TokenEmbedding, Block> head) {
        return new TiedModel(embedding, head.apply(embedding));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return head.getOutputShapes(embedding.getOutputShapes(inputShapes));
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        embedding.initialize(manager, dataType, inputShapes);
        head.initialize(manager, dataType, embedding.getOutputShapes(inputShapes));
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return callAll(
                head, store, callAll(embedding, store, inputs, training, null), training, params);
    }
}

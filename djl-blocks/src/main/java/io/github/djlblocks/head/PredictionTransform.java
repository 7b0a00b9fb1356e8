package io.github.djlblocks.head;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * What stands between a model and the scores of its tokens: {@code y = norm(f(x W^T + b))}.
 *
 * <p>x (..., E), y (..., E'). As Hugging Face {@code ModernBertPredictionHead} and {@code
 * BertPredictionHeadTransform}.
 */
public final class PredictionTransform extends UnaryBlock {

    private final Linear dense;
    private final ActivationFunction activation;
    private final Block norm;

    private PredictionTransform(Linear dense, ActivationFunction activation, Block norm) {
        super("x (..., " + dense.getInputs() + ")");
        this.dense = addChildBlock("dense", dense);
        this.activation = activation;
        this.norm = addChildBlock("norm", norm);
    }

    /**
     * Creates the block.
     *
     * @param dense from E to E'
     * @param activation what follows it
     * @param norm what follows that, of E' channels
     * @return the block
     */
    public static PredictionTransform of(Linear dense, ActivationFunction activation, Block norm) {
        return new PredictionTransform(dense, activation, norm);
    }

    @Override
    protected Shape outputShape(Shape input) {
        return norm.getOutputShapes(dense.getOutputShapes(new Shape[] {input}))[0];
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        dense.initialize(manager, dataType, inputShapes);
        norm.initialize(manager, dataType, dense.getOutputShapes(inputShapes));
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray y = call(dense, store, x, training, params);
        return call(norm, store, Kernels.of(y).activation(y, activation), training, null);
    }
}

package io.github.djlblocks.head;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Pooling, then a dense layer: {@code y = f(dropout(pool(x)) W^T + b)}, and maybe a norm.
 *
 * <p>Inputs: x (B, S, E), and optionally an attention mask (B, S). Output (B, E').
 *
 * <p>With {@link io.github.djlblocks.kernel.Pooling#FIRST} and tanh it is Hugging Face {@code
 * BertPooler}, and with dropout the inside of {@code RobertaClassificationHead}; with ReLU the
 * {@code pre_classifier} of DistilBERT, with a norm the head of {@code
 * ModernBertForSequenceClassification}. Devlin et al., arXiv 1810.04805.
 */
public final class Pooler extends KernelBlock {

    private final SequencePooling pooling;
    private final @Nullable Block dropout;
    private final Linear dense;
    private final ActivationFunction activation;
    private final @Nullable Block norm;

    private Pooler(
            SequencePooling pooling,
            @Nullable Block dropout,
            Linear dense,
            ActivationFunction activation,
            @Nullable Block norm) {
        this.pooling = addChildBlock("pooling", pooling);
        this.dropout = dropout == null ? null : addChildBlock("dropout", dropout);
        this.dense = addChildBlock("dense", dense);
        this.activation = activation;
        this.norm = norm == null ? null : addChildBlock("norm", norm);
    }

    /**
     * Creates a pooler.
     *
     * @param pooling how a sequence becomes a vector
     * @param dense from the pooled channels to E'
     * @param activation what follows, tanh in BERT
     * @return the block
     */
    public static Pooler of(SequencePooling pooling, Linear dense, ActivationFunction activation) {
        return new Pooler(pooling, null, dense, activation, null);
    }

    /**
     * Creates a pooler with dropout before its dense layer.
     *
     * @param pooling how a sequence becomes a vector
     * @param dropout between pooling and dense layer
     * @param dense from the pooled channels to E'
     * @param activation what follows, tanh in RoBERTa
     * @return the block
     */
    public static Pooler of(
            SequencePooling pooling, Block dropout, Linear dense, ActivationFunction activation) {
        return new Pooler(pooling, dropout, dense, activation, null);
    }

    /**
     * Creates a pooler with a norm at its end.
     *
     * @param pooling how a sequence becomes a vector
     * @param dense from the pooled channels to E'
     * @param activation what follows
     * @param norm what follows that, of E' channels
     * @return the block
     */
    public static Pooler withNorm(
            SequencePooling pooling, Linear dense, ActivationFunction activation, Block norm) {
        return new Pooler(pooling, null, dense, activation, norm);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape[] pooled = pooling.getOutputShapes(inputShapes);
        SequenceInputs.requireFit("Pooler", inputShapes[0], pooled[0], "dense", dense);
        return dense.getOutputShapes(pooled);
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape[] pooled = pooling.getOutputShapes(inputShapes);
        pooling.initialize(manager, dataType, inputShapes);
        if (dropout != null) {
            dropout.initialize(manager, dataType, pooled);
        }
        dense.initialize(manager, dataType, pooled);
        if (norm != null) {
            norm.initialize(manager, dataType, dense.getOutputShapes(pooled));
        }
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray pooled = call(pooling, store, inputs, training, null);
        if (dropout != null) {
            pooled = call(dropout, store, pooled, training, null);
        }
        NDArray y = call(dense, store, pooled, training, params);
        NDArray active = Kernels.of(y).activation(y, activation);
        return new NDList(norm == null ? active : call(norm, store, active, training, null));
    }
}

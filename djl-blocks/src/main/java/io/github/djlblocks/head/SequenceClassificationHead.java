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
import org.jspecify.annotations.Nullable;

/**
 * Scores of the classes of a sequence: {@code y = dropout(pool(x)) W^T + b}.
 *
 * <p>Inputs: x (B, S, E), and optionally an attention mask (B, S). Output (B, C), logits.
 *
 * <p>What pools is a {@link SequencePooling} or a {@link Pooler}:
 *
 * <ul>
 *   <li>{@code BertForSequenceClassification}, and {@code seq_relationship} of BERT's pretraining:
 *       a pooler of the first token with tanh
 *   <li>{@code RobertaClassificationHead}: the same, its {@code out_proj} is the classifier
 *   <li>{@code DistilBertForSequenceClassification}: a pooler of the first token with ReLU
 *   <li>{@code LlamaForSequenceClassification}, {@code GPT2ForSequenceClassification}: pooling of
 *       the last token, a classifier without bias
 * </ul>
 */
public final class SequenceClassificationHead extends KernelBlock {

    private final Block pooler;
    private final @Nullable Block dropout;
    private final Linear classifier;

    private SequenceClassificationHead(Block pooler, @Nullable Block dropout, Linear classifier) {
        this.pooler = addChildBlock("pooler", pooler);
        this.dropout = dropout == null ? null : addChildBlock("dropout", dropout);
        this.classifier = addChildBlock("classifier", classifier);
    }

    /**
     * Creates a head.
     *
     * @param pooler from a sequence to a vector
     * @param classifier from its channels to C
     * @return the block
     */
    public static SequenceClassificationHead of(Block pooler, Linear classifier) {
        return new SequenceClassificationHead(pooler, null, classifier);
    }

    /**
     * Creates a head with dropout before its classifier.
     *
     * @param pooler from a sequence to a vector
     * @param dropout between pooler and classifier
     * @param classifier from the channels of the pooler to C
     * @return the block
     */
    public static SequenceClassificationHead of(Block pooler, Block dropout, Linear classifier) {
        return new SequenceClassificationHead(pooler, dropout, classifier);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = SequenceInputs.require("SequenceClassificationHead", inputShapes);
        Shape[] pooled = pooler.getOutputShapes(inputShapes);
        SequenceInputs.requireFit(
                "SequenceClassificationHead", x, pooled[0], "classifier", classifier);
        return classifier.getOutputShapes(pooled);
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape[] pooled = pooler.getOutputShapes(inputShapes);
        pooler.initialize(manager, dataType, inputShapes);
        if (dropout != null) {
            dropout.initialize(manager, dataType, pooled);
        }
        classifier.initialize(manager, dataType, pooled);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray pooled = call(pooler, store, inputs, training, params);
        if (dropout != null) {
            pooled = call(dropout, store, pooled, training, null);
        }
        return new NDList(call(classifier, store, pooled, training, params));
    }
}

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
import io.github.djlblocks.internal.Checks;
import org.jspecify.annotations.Nullable;

/**
 * Scores of the classes of each token: {@code y = dropout(x) W^T + b}.
 *
 * <p>x (B, S, E), y (B, S, C), logits. As Hugging Face {@code BertForTokenClassification}.
 */
public final class TokenClassificationHead extends UnaryBlock {

    private final @Nullable Block dropout;
    private final Linear classifier;

    private TokenClassificationHead(@Nullable Block dropout, Linear classifier) {
        super("x (B, S, " + classifier.getInputs() + ")");
        this.dropout = dropout == null ? null : addChildBlock("dropout", dropout);
        this.classifier = addChildBlock("classifier", classifier);
    }

    /**
     * Creates a head.
     *
     * @param classifier from E to C
     * @return the block
     */
    public static TokenClassificationHead of(Linear classifier) {
        return new TokenClassificationHead(null, classifier);
    }

    /**
     * Creates a head with dropout before its classifier.
     *
     * @param dropout before the classifier
     * @param classifier from E to C
     * @return the block
     */
    public static TokenClassificationHead of(Block dropout, Linear classifier) {
        return new TokenClassificationHead(dropout, classifier);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.rank("TokenClassificationHead", input, "x (B, S, E)", 3);
        return classifier.getOutputShapes(new Shape[] {input})[0];
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        if (dropout != null) {
            dropout.initialize(manager, dataType, inputShapes);
        }
        classifier.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray kept = dropout == null ? x : call(dropout, store, x, training, null);
        return call(classifier, store, kept, training, null);
    }
}

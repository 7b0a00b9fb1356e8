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
 * Scores of the classes of each token: {@code y = dropout(t(x)) W^T + b}, {@code t(x) = x} or a
 * transform.
 *
 * <p>x (B, S, E), y (B, S, C), logits. As Hugging Face {@code BertForTokenClassification}; with a
 * transform {@code ModernBertForTokenClassification}.
 */
public final class TokenClassificationHead extends UnaryBlock {

    private final @Nullable Block transform;
    private final @Nullable Block dropout;
    private final Linear classifier;

    private TokenClassificationHead(
            @Nullable Block transform, @Nullable Block dropout, Linear classifier) {
        super("x (B, S, " + classifier.getInputs() + ")");
        this.transform = transform == null ? null : addChildBlock("transform", transform);
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
        return new TokenClassificationHead(null, null, classifier);
    }

    /**
     * Creates a head with dropout before its classifier.
     *
     * @param dropout before the classifier
     * @param classifier from E to C
     * @return the block
     */
    public static TokenClassificationHead of(Block dropout, Linear classifier) {
        return new TokenClassificationHead(null, dropout, classifier);
    }

    /**
     * Creates a head with a transform of each token before its classifier.
     *
     * @param transform keeps the shape
     * @param classifier from E to C
     * @return the block
     */
    public static TokenClassificationHead withTransform(
            PredictionTransform transform, Linear classifier) {
        return new TokenClassificationHead(transform, null, classifier);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.rank("TokenClassificationHead", input, "x (B, S, E)", 3);
        return classifier.getOutputShapes(new Shape[] {input})[0];
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        if (transform != null) {
            transform.initialize(manager, dataType, inputShapes);
        }
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
        NDArray y = transform == null ? x : call(transform, store, x, training, params);
        NDArray kept = dropout == null ? y : call(dropout, store, y, training, null);
        return call(classifier, store, kept, training, params);
    }
}

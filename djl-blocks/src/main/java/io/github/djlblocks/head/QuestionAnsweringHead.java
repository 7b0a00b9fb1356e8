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
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Scores of each token to be the first, and to be the last, of an answer: the two channels of
 * {@code t(x) W^T + b}, {@code t(x) = x} or a transform.
 *
 * <p>x (B, S, E). Outputs: start (B, S), end (B, S), logits over S. As Hugging Face {@code
 * BertForQuestionAnswering}.
 */
public final class QuestionAnsweringHead extends KernelBlock {

    private static final int SCORES = 2;

    private final @Nullable Block transform;
    private final Linear outputs;

    private QuestionAnsweringHead(@Nullable Block transform, Linear outputs) {
        if (outputs.getOutputs() != SCORES) {
            throw new IllegalArgumentException(
                    "outputs gives "
                            + outputs.getOutputs()
                            + " channels, but an answer has 2 ends: give 2");
        }
        this.transform = transform == null ? null : addChildBlock("transform", transform);
        this.outputs = addChildBlock("outputs", outputs);
    }

    /**
     * Creates a head.
     *
     * @param outputs from E to 2: start, end
     * @return the block
     * @throws IllegalArgumentException if it does not give 2 channels
     */
    public static QuestionAnsweringHead of(Linear outputs) {
        return new QuestionAnsweringHead(null, outputs);
    }

    /**
     * Creates a head with a transform of each token first.
     *
     * @param transform keeps the shape
     * @param outputs from E to 2: start, end
     * @return the block
     * @throws IllegalArgumentException if it does not give 2 channels
     */
    public static QuestionAnsweringHead withTransform(
            PredictionTransform transform, Linear outputs) {
        return new QuestionAnsweringHead(transform, outputs);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        requireInputs(inputShapes, "x (B, S, E)", 1);
        Checks.rank("QuestionAnsweringHead", inputShapes[0], "x (B, S, E)", 3);
        Shape scores = outputs.getOutputShapes(inputShapes)[0].slice(0, 2);
        return new Shape[] {scores, scores};
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        if (transform != null) {
            transform.initialize(manager, dataType, inputShapes);
        }
        outputs.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        NDArray y = transform == null ? x : call(transform, store, x, training, params);
        NDArray scores = call(outputs, store, y, training, params);
        Kernels kernels = Kernels.of(scores);
        return new NDList(kernels.channel(scores, 0), kernels.channel(scores, 1));
    }
}

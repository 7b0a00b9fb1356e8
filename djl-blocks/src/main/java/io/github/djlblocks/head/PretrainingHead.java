package io.github.djlblocks.head;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import org.jspecify.annotations.Nullable;

/**
 * The two heads a model is pretrained with, side by side: one of tokens, one of sequences.
 *
 * <p>x (B, S, E). Outputs: scores of the vocabulary (B, S, V), scores of the classes of the
 * sequence (B, C); logits. As Hugging Face {@code BertForPreTraining} (which classes say whether
 * the second sentence follows the first) and {@code AlbertForPreTraining} (in which order they
 * are).
 */
public final class PretrainingHead extends KernelBlock {

    private final LanguageModelHead tokens;
    private final SequenceClassificationHead sequences;

    private PretrainingHead(LanguageModelHead tokens, SequenceClassificationHead sequences) {
        this.tokens = addChildBlock("tokens", tokens);
        this.sequences = addChildBlock("sequences", sequences);
    }

    /**
     * Creates the block.
     *
     * @param tokens scores the vocabulary
     * @param sequences scores sequences
     * @return the block
     */
    public static PretrainingHead of(
            LanguageModelHead tokens, SequenceClassificationHead sequences) {
        return new PretrainingHead(tokens, sequences);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        requireInputs(inputShapes, "x (B, S, E)", 1);
        return new Shape[] {
            tokens.getOutputShapes(inputShapes)[0], sequences.getOutputShapes(inputShapes)[0]
        };
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        tokens.initialize(manager, dataType, inputShapes);
        sequences.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        return new NDList(
                call(tokens, store, x, training, params),
                call(sequences, store, x, training, params));
    }
}

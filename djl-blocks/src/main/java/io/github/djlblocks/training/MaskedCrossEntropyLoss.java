package io.github.djlblocks.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;

/**
 * Cross entropy over the tokens that are to be predicted.
 *
 * <p>{@code mean(ln(sum_v exp(z_v)) - z_label)} over all rows whose label is not the ignored one,
 * -100 by default; 0 if there is none. The first prediction is logits z (..., V), the only label
 * INT64 or INT32, as many as there are rows of logits: (B, S) for (B, S, V).
 *
 * <p>As {@code torch.nn.CrossEntropyLoss(ignore_index=-100)}, which is NaN where nothing is to be
 * predicted. DJL's {@link ai.djl.training.loss.SoftmaxCrossEntropyLoss} ignores no label, and takes
 * logits of two axes on PyTorch.
 */
public final class MaskedCrossEntropyLoss extends Loss {

    /** The label of what is not to be predicted, by the convention of PyTorch. */
    public static final long IGNORED = -100;

    private final long ignoredLabel;

    /** Creates a loss that ignores the label -100. */
    public MaskedCrossEntropyLoss() {
        this("MaskedCrossEntropyLoss", IGNORED);
    }

    /**
     * Creates a loss.
     *
     * @param name what metrics call it
     * @param ignoredLabel the label of rows that do not count
     */
    public MaskedCrossEntropyLoss(String name, long ignoredLabel) {
        super(name);
        this.ignoredLabel = ignoredLabel;
    }

    /**
     * Computes the loss.
     *
     * @param labels one array of integers
     * @param predictions logits (..., V); further arrays do not count
     * @return a scalar
     * @throws IllegalArgumentException if the numbers of rows differ, or a label is no class
     */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        NDArray targets = labels.singletonOrThrow();
        return NativeScope.run(
                        predictions,
                        () ->
                                new NDList(
                                        Kernels.of(logits)
                                                .crossEntropy(logits, targets, ignoredLabel)))
                .get(0);
    }
}

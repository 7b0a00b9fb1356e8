package io.github.djlblocks.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;

/**
 * Cross entropy over the tokens that are to be predicted.
 *
 * <p>{@code mean(ln(sum_v exp(z_v)) - z_label)} over all rows whose label is not the ignored one,
 * -100 by default; 0 if there is none. The first prediction is logits z (..., V), the only label
 * INT64 or INT32, as many as there are rows of logits: (B, S) for (B, S, V). With label smoothing
 * epsilon a share of each target is spread over all classes: {@code (1 - epsilon) l_label + epsilon
 * mean_v l_v}, l_v being the loss that class v would have (Szegedy et al., arXiv 1512.00567).
 *
 * <p>As {@code torch.nn.CrossEntropyLoss(ignore_index=-100, label_smoothing=epsilon)}, which is NaN
 * where nothing is to be predicted. DJL's {@link ai.djl.training.loss.SoftmaxCrossEntropyLoss}
 * ignores no label, and takes logits of two axes on PyTorch.
 */
public final class MaskedCrossEntropyLoss extends Loss {

    /** The label of what is not to be predicted, by the convention of PyTorch. */
    public static final long IGNORED = -100;

    private final long ignoredLabel;
    private final double smoothing;

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
        this(name, ignoredLabel, 0);
    }

    /**
     * Creates a loss of smoothed labels.
     *
     * @param name what metrics call it
     * @param ignoredLabel the label of rows that do not count
     * @param smoothing epsilon, the share that is spread over all classes
     * @throws IllegalArgumentException if the share is not from 0 to below 1
     */
    public MaskedCrossEntropyLoss(String name, long ignoredLabel, double smoothing) {
        super(name);
        this.ignoredLabel = ignoredLabel;
        this.smoothing = Checks.rate("smoothing", smoothing);
    }

    /**
     * Returns the label of rows that do not count.
     *
     * @return the label
     */
    public long getIgnoredLabel() {
        return ignoredLabel;
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
                                                .crossEntropy(
                                                        logits, targets, ignoredLabel, smoothing)))
                .get(0);
    }
}

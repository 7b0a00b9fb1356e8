package io.github.djlblocks.samples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.training.loss.Loss;

/**
 * Mean cross entropy of the next token, in nats: logits (B, S, V), labels (B, S); labels that are
 * padding do not count.
 *
 * <p>DJL's own loss takes one label a row on PyTorch, and its masked one needs an operation that
 * PyTorch has not.
 */
final class NextTokenLoss extends Loss {

    private final long padding;

    NextTokenLoss(long padding) {
        super("NextTokenLoss");
        this.padding = padding;
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        NDArray label = labels.singletonOrThrow().reshape(-1);
        // (B, S, V) -> (B * S, V)
        NDArray logProbability = logits.reshape(-1, logits.getShape().get(2)).logSoftmax(1);
        NDArray picked =
                logProbability.get(new NDIndex().addAllDim().addPickDim(label)).reshape(-1);
        NDArray counts = label.neq(padding).toType(picked.getDataType(), false);
        return picked.mul(counts).sum().neg().div(counts.sum());
    }
}

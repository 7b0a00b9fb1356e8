package io.github.djlblocks.samples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;

/**
 * Mean cross entropy of the next token, in nats: logits (B, S, V), labels (B, S).
 *
 * <p>DJL's own loss takes one label a row on PyTorch, so batch and length become one axis first.
 */
final class NextTokenLoss extends Loss {

    private final Loss loss = new SoftmaxCrossEntropyLoss();

    NextTokenLoss() {
        super("NextTokenLoss");
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        long vocabulary = logits.getShape().get(2);
        return loss.evaluate(
                new NDList(labels.singletonOrThrow().reshape(-1)),
                new NDList(logits.reshape(-1, vocabulary)));
    }
}

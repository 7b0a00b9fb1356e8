package io.github.djlblocks.feedforward;

import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.ActivationFunction;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What every feed-forward block is built from.
 *
 * @param <T> the builder
 */
abstract class FeedForwardParts<T extends FeedForwardParts<T>> {

    @Nullable Linear down;
    @Nullable ActivationFunction activation;
    @Nullable Block activationBlock;
    @Nullable Block norm;
    double hiddenDropout;
    double outputDropout;

    FeedForwardParts() {}

    abstract T self();

    /** The projections up, for messages. */
    abstract String projections();

    /** The projections up by the names they have as children. */
    abstract Map<String, Linear> projectionsByName();

    /**
     * Sets the projection down.
     *
     * @param down F to E
     * @return this builder
     */
    public T setDown(Linear down) {
        this.down = down;
        return self();
    }

    /**
     * Sets the activation to a function.
     *
     * @param activation the function
     * @return this builder
     */
    public T optActivation(ActivationFunction activation) {
        this.activation = activation;
        this.activationBlock = null;
        return self();
    }

    /**
     * Sets the activation to a block, such as one that learns; its parameters are {@code
     * activation.*}.
     *
     * @param block keeps the shape (..., F)
     * @return this builder
     */
    public T optActivation(Block block) {
        this.activation = null;
        this.activationBlock = block;
        return self();
    }

    /**
     * Puts a norm before the projection down, as sub-LN does (Foundation Transformers, arXiv
     * 2210.06423); its parameters are {@code norm.*}.
     *
     * @param norm keeps the shape (..., F)
     * @return this builder
     */
    public T optNorm(Block norm) {
        this.norm = norm;
        return self();
    }

    /**
     * Drops activations in training, before the norm.
     *
     * @param rate from 0, the default, to below 1
     * @return this builder
     */
    public T optHiddenDropout(double rate) {
        this.hiddenDropout = rate;
        return self();
    }

    /**
     * Drops outputs in training.
     *
     * @param rate from 0, the default, to below 1
     * @return this builder
     */
    public T optOutputDropout(double rate) {
        this.outputDropout = rate;
        return self();
    }

    /** What is left to apply after {@link #activationBlock}: nothing, where there is one. */
    final ActivationFunction function() {
        return activationBlock == null
                ? required(activation, "optActivation")
                : ActivationFunction.IDENTITY;
    }

    final Linear down() {
        return required(down, "setDown");
    }

    static <P> P required(@Nullable P part, String method) {
        if (part == null) {
            throw new IllegalArgumentException(
                    "the feed-forward block is incomplete: call " + method);
        }
        return part;
    }
}

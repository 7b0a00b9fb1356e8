package io.github.djlblocks.feedforward;

import ai.djl.ndarray.NDArray;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Position-wise feed-forward block.
 *
 * <p>{@code y = down(f(up(x)))}, x (..., E), up from E to F channels, down from F to E, y (..., E);
 * with a norm, {@code y = down(norm(f(up(x))))}. Dropout follows f, and down.
 *
 * <p>Vaswani et al., arXiv 1706.03762, section 3.3; the norm as sub-LN of torchscale (arXiv
 * 2210.06423) and {@code post_act_ln} of x-transformers have it.
 */
public final class FeedForward extends FeedForwardBlock {

    private final Linear up;
    private final ActivationFunction function;

    private FeedForward(Builder builder) {
        super(builder, builder.up().getInputs(), builder.up().getOutputs());
        up = builder.up();
        function = builder.function();
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Creates a block without norm and dropout.
     *
     * @param up E to F
     * @param down F to E
     * @param activation f
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static FeedForward of(Linear up, Linear down, ActivationFunction activation) {
        return builder().setUp(up).setDown(down).optActivation(activation).build();
    }

    @Override
    NDArray hidden(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        NDArray wide = learned(store, call(up, store, x, training, adapter), training, adapter);
        return Kernels.of(wide).activation(wide, function);
    }

    /** Builds a {@link FeedForward}; one of the activations must be set. */
    public static final class Builder extends FeedForwardParts<Builder> {

        private @Nullable Linear up;

        private Builder() {}

        /**
         * Sets the projection up.
         *
         * @param up E to F
         * @return this builder
         */
        public Builder setUp(Linear up) {
            this.up = up;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a part is missing, or sizes do not fit together
         */
        public FeedForward build() {
            return new FeedForward(this);
        }

        private Linear up() {
            return required(up, "setUp");
        }

        @Override
        Builder self() {
            return this;
        }

        @Override
        String projections() {
            return "up";
        }

        @Override
        Map<String, Linear> projectionsByName() {
            return Map.of("up", up());
        }
    }
}

package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation over the last axis.
 *
 * <p>{@code y = (x - mean(x)) / sqrt(var(x) + epsilon) * w + b}, the variance divided by E; x (...,
 * E), {@code weight} w (E), ones at first, {@code bias} b (E), zeros at first, y (..., E).
 *
 * <p>Ba, Kiros and Hinton, arXiv 1607.06450; as {@code torch.nn.LayerNorm(E)}. DJL's own {@link
 * ai.djl.nn.norm.LayerNorm} normalises over every axis but the first by default, which is another
 * function.
 */
public final class LayerNorm extends ChannelNorm {

    private final double epsilon;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;

    private LayerNorm(Builder builder) {
        super(builder.channels);
        epsilon = Checks.positive("epsilon", builder.epsilon);
        Shape shape = channelShape();
        weight = builder.hasWeight ? addParameter("weight", Parameter.Type.GAMMA, shape) : null;
        bias = builder.hasBias ? addParameter("bias", Parameter.Type.BETA, shape) : null;
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    NDArray normalize(Kernels kernels, ParameterStore store, NDArray x, boolean training) {
        return kernels.layerNorm(
                x,
                optionalValue(store, weight, x, training),
                optionalValue(store, bias, x, training),
                epsilon);
    }

    /** Builds a {@link LayerNorm}. */
    public static final class Builder {

        private int channels;
        private double epsilon = 1e-5;
        private boolean hasWeight = true;
        private boolean hasBias = true;

        private Builder() {}

        /**
         * Sets the size of the last axis.
         *
         * @param channels E, at least 1
         * @return this builder
         */
        public Builder setChannels(int channels) {
            this.channels = channels;
            return this;
        }

        /**
         * Sets epsilon, 1e-5 by default.
         *
         * @param epsilon added to the variance, above 0
         * @return this builder
         */
        public Builder optEpsilon(double epsilon) {
            this.epsilon = epsilon;
            return this;
        }

        /**
         * Has a weight, or none.
         *
         * @param hasWeight true by default
         * @return this builder
         */
        public Builder optWeight(boolean hasWeight) {
            this.hasWeight = hasWeight;
            return this;
        }

        /**
         * Has a bias, or none.
         *
         * @param hasBias true by default
         * @return this builder
         */
        public Builder optBias(boolean hasBias) {
            this.hasBias = hasBias;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a value is out of range
         */
        public LayerNorm build() {
            return new LayerNorm(this);
        }
    }
}

package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.ConstantInitializer;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Dynamic Tanh (DyT): an elementwise stand-in for a normalisation layer.
 *
 * <p>{@code y = tanh(alpha * x) * w + b}, x (..., E), {@code alpha} (1), {@code weight} w (E), ones
 * at first, {@code bias} b (E), zeros at first, y (..., E).
 *
 * <p>Zhu et al., arXiv 2503.10622; as {@code DynamicTanh} of jiachenzhu/DyT with {@code
 * channels_last=True}.
 */
public final class DynamicTanh extends ChannelNorm {

    private final Parameter alpha;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;

    private DynamicTanh(Builder builder) {
        super(builder.channels);
        if (!Double.isFinite(builder.initialAlpha)) {
            throw new IllegalArgumentException(
                    "initialAlpha (" + builder.initialAlpha + ") must be finite");
        }
        alpha =
                addParameter(
                        "alpha",
                        new Shape(1),
                        new ConstantInitializer((float) builder.initialAlpha));
        Shape shape = channelShape();
        weight = builder.hasAffine ? addParameter("weight", Parameter.Type.GAMMA, shape) : null;
        bias = builder.hasAffine ? addParameter("bias", Parameter.Type.BETA, shape) : null;
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
        return kernels.dynamicTanh(
                x,
                value(store, alpha, x, training),
                optionalValue(store, weight, x, training),
                optionalValue(store, bias, x, training));
    }

    /** Builds a {@link DynamicTanh}. */
    public static final class Builder {

        private int channels;
        private double initialAlpha = 0.5;
        private boolean hasAffine = true;

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
         * Sets what alpha starts as, 0.5 by default (the paper, section 4).
         *
         * @param initialAlpha a finite number
         * @return this builder
         */
        public Builder optInitialAlpha(double initialAlpha) {
            this.initialAlpha = initialAlpha;
            return this;
        }

        /**
         * Has a weight and a bias, or neither.
         *
         * @param hasAffine true by default
         * @return this builder
         */
        public Builder optAffine(boolean hasAffine) {
            this.hasAffine = hasAffine;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a value is out of range
         */
        public DynamicTanh build() {
            return new DynamicTanh(this);
        }
    }
}

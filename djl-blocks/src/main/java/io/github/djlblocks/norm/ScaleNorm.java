package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.ConstantInitializer;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RmsNormSpec;
import io.github.djlblocks.kernel.RmsNormSpec.EpsilonPlacement;

/**
 * ScaleNorm: the last axis brought to one learnt length.
 *
 * <p>{@code y = g * x / max(||x||, epsilon)}, x (..., E), {@code weight} g (1), {@code sqrt(E)} at
 * first, y (..., E). A row of zeros gives zeros.
 *
 * <p>Nguyen and Salazar, arXiv 1910.05895; as {@code ScaleNorm} of
 * tnq177/transformers_without_tears. x-transformers keeps g relative to {@code sqrt(E)}: {@link
 * Builder#optRelativeGain}.
 */
public final class ScaleNorm extends Norm {

    private final double epsilon;
    private final boolean relative;
    private final Parameter weight;

    private ScaleNorm(Builder builder, ChannelAxes axes) {
        super(axes);
        epsilon = Checks.positive("epsilon", builder.epsilon);
        relative = builder.relative;
        double initial = relative ? 1 : Math.sqrt((double) axes.shape().size());
        weight = addParameter("weight", new Shape(1), new ConstantInitializer((float) initial));
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
        NDArray gain = value(store, weight, x, training);
        if (!relative) {
            return kernels.scaleNorm(x, gain, epsilon);
        }
        RmsNormSpec spec =
                new RmsNormSpec(epsilon, EpsilonPlacement.CLAMPED_NORM, false, true, true, 1, 0);
        return kernels.rmsNorm(x, gain, null, spec);
    }

    /** Builds a {@link ScaleNorm}. */
    public static final class Builder {

        private int channels;
        private double epsilon = 1e-5;
        private boolean relative;

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
         * Sets epsilon, 1e-5 by default; x-transformers has 1e-12.
         *
         * @param epsilon the smallest divisor, above 0
         * @return this builder
         */
        public Builder optEpsilon(double epsilon) {
            this.epsilon = epsilon;
            return this;
        }

        /**
         * Multiplies by {@code g * sqrt(E)} instead of {@code g}, g being one at first
         * (x-transformers).
         *
         * @param relative false by default
         * @return this builder
         */
        public Builder optRelativeGain(boolean relative) {
            this.relative = relative;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a value is out of range
         */
        public ScaleNorm build() {
            return new ScaleNorm(this, ChannelAxes.trailing(channels));
        }
    }
}

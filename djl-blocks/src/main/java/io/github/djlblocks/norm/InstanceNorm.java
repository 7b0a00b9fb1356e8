package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Instance normalisation: each channel of each sample, over all of its positions.
 *
 * <p>{@code y = (x - mean) / sqrt(var + epsilon) * w + b}, the variance divided by the number of
 * positions; x (B, C, ...) of at least three axes, y (B, C, ...). {@code weight} w (C), ones at
 * first, and {@code bias} b (C), zeros at first, are there with {@link Builder#optAffine} only.
 *
 * <p>Ulyanov, Vedaldi and Lempitsky, arXiv 1607.08022; as {@code torch.nn.InstanceNorm1d} to {@code
 * 3d}, and with an affine map the ONNX operator {@code InstanceNormalization}. There are no running
 * statistics (torch's {@code track_running_stats}): training and inference compute the same.
 * Statistics across a batch, with running ones, are {@link ai.djl.nn.norm.BatchNorm}, of DJL.
 */
public final class InstanceNorm extends Norm {

    private final int channels;
    private final double epsilon;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;

    private InstanceNorm(Builder builder, ChannelAxes axes) {
        super(axes);
        channels = builder.channels;
        epsilon = Checks.positive("epsilon", builder.epsilon);
        weight =
                builder.hasAffine
                        ? addParameter("weight", Parameter.Type.GAMMA, axes.shape())
                        : null;
        bias = builder.hasAffine ? addParameter("bias", Parameter.Type.BETA, axes.shape()) : null;
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
    void checkShape(Shape input) {
        boolean single = true;
        for (int axis = 2; axis < input.dimension(); axis++) {
            single &= input.get(axis) == 1;
        }
        if (single) {
            throw new IllegalArgumentException(
                    "InstanceNorm: the input "
                            + input
                            + " has 1 position a channel, expected at least 2: x (B, "
                            + channels
                            + ", ...)");
        }
    }

    @Override
    NDArray normalize(Kernels kernels, ParameterStore store, NDArray x, boolean training) {
        return kernels.groupNorm(
                x,
                optionalValue(store, weight, x, training),
                optionalValue(store, bias, x, training),
                channels,
                epsilon);
    }

    /** Builds an {@link InstanceNorm}. */
    public static final class Builder {

        private int channels;
        private double epsilon = 1e-5;
        private boolean hasAffine;

        private Builder() {}

        /**
         * Sets the size of axis 1.
         *
         * @param channels C, at least 1
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
         * Has a weight and a bias, or neither.
         *
         * @param hasAffine false by default
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
        public InstanceNorm build() {
            return new InstanceNorm(this, ChannelAxes.second(channels));
        }
    }
}

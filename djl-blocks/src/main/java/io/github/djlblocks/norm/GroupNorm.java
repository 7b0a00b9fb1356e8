package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Group normalisation: each group of channels of each sample, over all of its positions.
 *
 * <p>{@code y = (x - mean) / sqrt(var + epsilon) * w + b}, the variance divided by the number of
 * elements of the group; x (B, C, ...), {@code weight} w (C), ones at first, {@code bias} b (C),
 * zeros at first, y (B, C, ...). Channels {@code i * C / G} to {@code (i + 1) * C / G - 1} are
 * group i of G.
 *
 * <p>Wu and He, arXiv 1803.08494; as {@code torch.nn.GroupNorm} and the ONNX operator {@code
 * GroupNormalization} of opset 21. Statistics across a batch are another thing: {@link
 * ai.djl.nn.norm.BatchNorm}, of DJL.
 */
public final class GroupNorm extends Norm {

    private final int groups;
    private final double epsilon;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;

    private GroupNorm(Builder builder, ChannelAxes axes) {
        super(axes);
        groups = Checks.positive("groups", builder.groups);
        epsilon = Checks.positive("epsilon", builder.epsilon);
        if (builder.channels % groups != 0) {
            throw new IllegalArgumentException(
                    "channels ("
                            + builder.channels
                            + ") must be a multiple of groups ("
                            + groups
                            + ")");
        }
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
    NDArray normalize(Kernels kernels, ParameterStore store, NDArray x, boolean training) {
        return kernels.groupNorm(
                x,
                optionalValue(store, weight, x, training),
                optionalValue(store, bias, x, training),
                groups,
                epsilon);
    }

    /** Builds a {@link GroupNorm}. */
    public static final class Builder {

        private int groups;
        private int channels;
        private double epsilon = 1e-5;
        private boolean hasAffine = true;

        private Builder() {}

        /**
         * Sets the number of groups.
         *
         * @param groups G, at least 1, divides the channels
         * @return this builder
         */
        public Builder setGroups(int groups) {
            this.groups = groups;
            return this;
        }

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
         * @throws IllegalArgumentException if a value is out of range or two do not fit together
         */
        public GroupNorm build() {
            return new GroupNorm(this, ChannelAxes.second(channels));
        }
    }
}

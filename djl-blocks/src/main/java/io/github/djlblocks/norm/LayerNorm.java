package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.LayerNormSpec;
import io.github.djlblocks.kernel.LayerNormSpec.EpsilonPlacement;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation over the last axis, or over several trailing ones.
 *
 * <p>{@code y = (x - mean(x)) / sqrt(var(x) + epsilon) * w + b}, the variance divided by E; x (...,
 * E), {@code weight} w (E), ones at first, {@code bias} b (E), zeros at first, y (..., E).
 *
 * <p>Ba, Kiros and Hinton, arXiv 1607.06450; as {@code torch.nn.LayerNorm} and the ONNX operator
 * {@code LayerNormalization}. Where references differ there is an option: {@link
 * Builder#optEpsilonPlacement} and {@link Builder#optUnbiased} (the Annotated Transformer has
 * both), {@link Builder#optUnitOffset} (Nemotron), {@link Builder#optBias} (Cohere has none),
 * {@link Builder#optWeight} (OLMo has neither). DJL's own {@link ai.djl.nn.norm.LayerNorm}
 * normalises over every axis but the first by default, which is another function. Batch
 * normalisation is {@link ai.djl.nn.norm.BatchNorm}, of DJL.
 */
public final class LayerNorm extends Norm {

    private final LayerNormSpec spec;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;

    private LayerNorm(Builder builder, ChannelAxes axes) {
        super(axes);
        spec =
                new LayerNormSpec(
                        builder.epsilon,
                        builder.placement,
                        builder.unbiased,
                        builder.unitOffset,
                        axes.count());
        if (builder.unbiased && axes.shape().size() < 2) {
            throw new IllegalArgumentException(
                    "unbiased (true) needs at least 2 elements to normalise over, not 1: it divides"
                            + " by one less");
        }
        UnitOffset.check(builder.unitOffset, builder.hasWeight);
        weight =
                builder.hasWeight
                        ? addParameter("weight", UnitOffset.type(builder.unitOffset), axes.shape())
                        : null;
        bias = builder.hasBias ? addParameter("bias", Parameter.Type.BETA, axes.shape()) : null;
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
                spec);
    }

    /** Builds a {@link LayerNorm}. */
    public static final class Builder {

        private long[] extents = {0};
        private double epsilon = 1e-5;
        private EpsilonPlacement placement = EpsilonPlacement.INSIDE_ROOT;
        private boolean unbiased;
        private boolean unitOffset;
        private boolean hasWeight = true;
        private boolean hasBias = true;

        private Builder() {}

        /**
         * Sets the size of the last axis, to normalise over it.
         *
         * @param channels E, at least 1
         * @return this builder
         */
        public Builder setChannels(int channels) {
            return setNormalizedShape(channels);
        }

        /**
         * Sets the sizes of the trailing axes to normalise over, instead of {@link #setChannels};
         * weight and bias have this shape.
         *
         * @param extents at least one, each at least 1
         * @return this builder
         */
        public Builder setNormalizedShape(long... extents) {
            this.extents = extents.clone();
            return this;
        }

        /**
         * Sets epsilon, 1e-5 by default.
         *
         * @param epsilon above 0
         * @return this builder
         */
        public Builder optEpsilon(double epsilon) {
            this.epsilon = epsilon;
            return this;
        }

        /**
         * Sets where epsilon enters, inside the root by default; outside of it the divisor is
         * {@code std(x) + epsilon}.
         *
         * @param placement its place
         * @return this builder
         */
        public Builder optEpsilonPlacement(EpsilonPlacement placement) {
            this.placement = placement;
            return this;
        }

        /**
         * Divides the variance by {@code E - 1} instead of E, as {@code torch.std} does by default.
         *
         * @param unbiased false by default
         * @return this builder
         */
        public Builder optUnbiased(boolean unbiased) {
            this.unbiased = unbiased;
            return this;
        }

        /**
         * Multiplies by {@code 1 + w} instead of {@code w}, w being zeros at first (Nemotron).
         *
         * @param unitOffset false by default
         * @return this builder
         */
        public Builder optUnitOffset(boolean unitOffset) {
            this.unitOffset = unitOffset;
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
         * @throws IllegalArgumentException if a value is out of range or two do not fit together
         */
        public LayerNorm build() {
            return new LayerNorm(this, ChannelAxes.trailing(extents));
        }
    }
}

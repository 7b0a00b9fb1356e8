package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RmsNormSpec;
import io.github.djlblocks.kernel.RmsNormSpec.EpsilonPlacement;
import org.jspecify.annotations.Nullable;

/**
 * RMSNorm: root-mean-square normalisation over the last axis.
 *
 * <p>{@code y = x / sqrt(mean(x^2) + epsilon) * w}, x (..., E), {@code weight} w (E), ones at
 * first, y (..., E).
 *
 * <p>Zhang and Sennrich, arXiv 1910.07467; as in Hugging Face {@code LlamaRMSNorm} by default.
 * Where references differ there is an option: {@link Builder#optEpsilonPlacement} (the paper's own
 * code, x-transformers), {@link Builder#optUnitOffset} (Gemma), {@link Builder#optWeightInUpcast}
 * (Gemma and OLMo 2 multiply before casting back, Llama and T5 after), {@link Builder#optUpcast}
 * (whether a FLOAT16 input is widened for the statistics), {@link Builder#optWeight} (no weight).
 */
public final class RmsNorm extends ChannelNorm {

    private final RmsNormSpec spec;
    private final @Nullable Parameter weight;

    private RmsNorm(Builder builder) {
        super(builder.channels);
        spec =
                new RmsNormSpec(
                        builder.epsilon,
                        builder.placement,
                        builder.unitOffset,
                        builder.upcast,
                        builder.weightInUpcast);
        if (builder.unitOffset && !builder.hasWeight) {
            throw new IllegalArgumentException(
                    "unitOffset (true) needs a weight (false): it is the weight that 1 is added"
                            + " to");
        }
        // 1 + w starts as the identity with w = 0, w alone with w = 1
        Parameter.Type type = builder.unitOffset ? Parameter.Type.BETA : Parameter.Type.GAMMA;
        weight = builder.hasWeight ? addParameter("weight", type, channelShape()) : null;
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
        return kernels.rmsNorm(x, optionalValue(store, weight, x, training), spec);
    }

    /** Builds an {@link RmsNorm}. */
    public static final class Builder {

        private int channels;
        private double epsilon = 1e-6;
        private EpsilonPlacement placement = EpsilonPlacement.INSIDE_ROOT;
        private boolean unitOffset;
        private boolean upcast = true;
        private boolean weightInUpcast;
        private boolean hasWeight = true;

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
         * Sets epsilon, 1e-6 by default.
         *
         * @param epsilon above 0
         * @return this builder
         */
        public Builder optEpsilon(double epsilon) {
            this.epsilon = epsilon;
            return this;
        }

        /**
         * Sets where epsilon enters, inside the root by default.
         *
         * @param placement its place
         * @return this builder
         */
        public Builder optEpsilonPlacement(EpsilonPlacement placement) {
            this.placement = placement;
            return this;
        }

        /**
         * Multiplies by {@code 1 + w} instead of {@code w}, w being zeros at first (Gemma).
         *
         * @param unitOffset false by default
         * @return this builder
         */
        public Builder optUnitOffset(boolean unitOffset) {
            this.unitOffset = unitOffset;
            return this;
        }

        /**
         * Widens a FLOAT16 input to FLOAT32 for the statistics.
         *
         * @param upcast true by default
         * @return this builder
         */
        public Builder optUpcast(boolean upcast) {
            this.upcast = upcast;
            return this;
        }

        /**
         * Multiplies by the weight before casting back to the input's type (Gemma, OLMo 2) instead
         * of after (Llama, T5).
         *
         * @param weightInUpcast false by default
         * @return this builder
         */
        public Builder optWeightInUpcast(boolean weightInUpcast) {
            this.weightInUpcast = weightInUpcast;
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
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a value is out of range or two do not fit together
         */
        public RmsNorm build() {
            return new RmsNorm(this);
        }
    }
}

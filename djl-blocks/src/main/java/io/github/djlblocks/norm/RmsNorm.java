package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RmsNormSpec;
import io.github.djlblocks.kernel.RmsNormSpec.EpsilonPlacement;
import org.jspecify.annotations.Nullable;

/**
 * RMSNorm: root-mean-square normalisation over the last axis, or over several trailing ones.
 *
 * <p>{@code y = x / sqrt(mean(x^2) + epsilon) * w}, x (..., E), {@code weight} w (E), ones at
 * first, y (..., E).
 *
 * <p>Zhang and Sennrich, arXiv 1910.07467; as in Hugging Face {@code LlamaRMSNorm} and {@code
 * T5LayerNorm} by default, and as the ONNX operator {@code RMSNormalization} with {@code epsilon}
 * 1e-5. Where references differ there is an option: {@link Builder#optEpsilonPlacement} (the
 * paper's own code, x-transformers), {@link Builder#optUnitOffset} (Gemma), {@link
 * Builder#optWeightInUpcast} (Gemma and OLMo 2 multiply before casting back, Llama and T5 after),
 * {@link Builder#optUpcast} (whether a FLOAT16 input is widened for the statistics), {@link
 * Builder#optWeight} (no weight), {@link Builder#optBias} and {@link Builder#optPartial} (the
 * paper's own code).
 *
 * <p>Squares are not guarded against overflow, as they are not in the references: a row of norm
 * 1.8e19 or more in FLOAT32 gives 0, and NaN on MXNet.
 */
public final class RmsNorm extends Norm {

    private final RmsNormSpec spec;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;

    private RmsNorm(Builder builder, ChannelAxes axes) {
        super(axes);
        spec =
                new RmsNormSpec(
                        builder.epsilon,
                        builder.placement,
                        builder.unitOffset,
                        builder.upcast,
                        builder.weightInUpcast,
                        axes.count(),
                        measured(builder.partial, axes.shape().size()));
        UnitOffset.check(builder.unitOffset, builder.hasWeight);
        weight =
                builder.hasWeight
                        ? addParameter("weight", UnitOffset.type(builder.unitOffset), axes.shape())
                        : null;
        bias = builder.hasBias ? addParameter("bias", Parameter.Type.BETA, axes.shape()) : null;
    }

    /** The first elements measured, 0 for all. */
    private static long measured(double partial, long n) {
        if (!(partial > 0 && partial <= 1)) {
            throw new IllegalArgumentException(
                    "partial (" + partial + ") must be above 0 and at most 1");
        }
        long measured = (long) (n * partial);
        if (measured == 0) {
            throw new IllegalArgumentException(
                    "partial ("
                            + partial
                            + ") of "
                            + n
                            + " channels leaves none to measure: it must be at least "
                            + 1.0 / n);
        }
        return measured == n ? 0 : measured;
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
        return kernels.rmsNorm(
                x,
                optionalValue(store, weight, x, training),
                optionalValue(store, bias, x, training),
                spec);
    }

    /** Builds an {@link RmsNorm}. */
    public static final class Builder {

        private long[] extents = {0};
        private double epsilon = 1e-6;
        private EpsilonPlacement placement = EpsilonPlacement.INSIDE_ROOT;
        private boolean unitOffset;
        private boolean upcast = true;
        private boolean weightInUpcast;
        private boolean hasWeight = true;
        private boolean hasBias;
        private double partial = 1;

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
         * Has a bias, zeros at first, added last.
         *
         * @param hasBias false by default
         * @return this builder
         */
        public Builder optBias(boolean hasBias) {
            this.hasBias = hasBias;
            return this;
        }

        /**
         * Measures only the first {@code floor(p * E)} channels (pRMSNorm of the paper): all are
         * divided by the root mean square of those.
         *
         * @param partial p, above 0 and at most 1, 1 by default
         * @return this builder
         */
        public Builder optPartial(double partial) {
            this.partial = partial;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a value is out of range or two do not fit together
         */
        public RmsNorm build() {
            return new RmsNorm(this, ChannelAxes.trailing(extents));
        }
    }
}

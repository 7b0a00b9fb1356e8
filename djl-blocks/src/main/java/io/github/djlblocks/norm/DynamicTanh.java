package io.github.djlblocks.norm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.ConstantInitializer;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Dynamic Tanh (DyT): an elementwise stand-in for a normalisation layer.
 *
 * <p>{@code y = tanh(alpha * x) * w + b}, x (..., E), {@code alpha} (1), {@code weight} w (E), ones
 * at first, {@code bias} b (E), zeros at first, y (..., E); {@link Builder#optChannelsFirst} takes
 * x (B, C, ...).
 *
 * <p>Zhu et al., arXiv 2503.10622; as {@code DynamicTanh} of jiachenzhu/DyT. Language models of
 * that paper start alpha by place and width, {@link LlmAlphas}, have no bias, and multiply their
 * embeddings by a learnt scalar that starts at {@code sqrt(E)}, {@link
 * io.github.djlblocks.core.LearnedScale}.
 */
public final class DynamicTanh extends Norm {

    private final boolean channelsFirst;
    private final Parameter alpha;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;

    private DynamicTanh(Builder builder, ChannelAxes axes) {
        super(axes);
        channelsFirst = axes.isSecond();
        if (!Double.isFinite(builder.initialAlpha)) {
            throw new IllegalArgumentException(
                    "initialAlpha (" + builder.initialAlpha + ") must be finite");
        }
        alpha =
                addParameter(
                        "alpha",
                        new Shape(1),
                        new ConstantInitializer((float) builder.initialAlpha));
        weight =
                builder.hasWeight
                        ? addParameter("weight", Parameter.Type.GAMMA, axes.shape())
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
        return kernels.dynamicTanh(
                x,
                value(store, alpha, x, training),
                optionalValue(store, weight, x, training),
                optionalValue(store, bias, x, training),
                channelsFirst);
    }

    /**
     * What alpha starts as in a language model: larger in front of attention than elsewhere, and
     * smaller the wider the model is.
     *
     * @param attention alpha in front of attention
     * @param other alpha in front of feed-forward blocks and of the output head
     */
    public record LlmAlphas(double attention, double other) {

        private static final Map<Integer, LlmAlphas> BY_WIDTH =
                Map.of(
                        1024, new LlmAlphas(1, 1),
                        2048, new LlmAlphas(1, 0.5),
                        4096, new LlmAlphas(0.8, 0.2),
                        5120, new LlmAlphas(0.6, 0.15),
                        8192, new LlmAlphas(0.2, 0.05));

        /**
         * Checks that both are positive.
         *
         * @param attention alpha in front of attention
         * @param other alpha elsewhere
         */
        public LlmAlphas {
            Checks.positive("attention", attention);
            Checks.positive("other", other);
        }

        /**
         * Returns those the paper found best for Llama models of a width; depth made no difference.
         *
         * @param width channels of the model, E: 1024, 2048, 4096, 5120 or 8192
         * @return its alphas
         * @throws IllegalArgumentException if the paper has no such width
         */
        public static LlmAlphas of(int width) {
            LlmAlphas alphas = BY_WIDTH.get(width);
            if (alphas == null) {
                throw new IllegalArgumentException(
                        "width ("
                                + width
                                + ") is none of the paper's, "
                                + new TreeMap<>(BY_WIDTH).keySet()
                                + ": choose with new LlmAlphas(attention, other)");
            }
            return alphas;
        }
    }

    /** Builds a {@link DynamicTanh}. */
    public static final class Builder {

        private long[] extents = {0};
        private boolean channelsFirst;
        private double initialAlpha = 0.5;
        private boolean hasWeight = true;
        private boolean hasBias = true;

        private Builder() {}

        /**
         * Sets the size of the last axis, or of axis 1 with {@link #optChannelsFirst}.
         *
         * @param channels E, at least 1
         * @return this builder
         */
        public Builder setChannels(int channels) {
            return setNormalizedShape(channels);
        }

        /**
         * Sets the sizes of the trailing axes that weight and bias belong to, instead of {@link
         * #setChannels}.
         *
         * @param extents at least one, each at least 1
         * @return this builder
         */
        public Builder setNormalizedShape(long... extents) {
            this.extents = extents.clone();
            return this;
        }

        /**
         * Takes the channels from axis 1, x (B, C, ...), as the reference with {@code
         * channels_last=False} takes images (B, C, H, W).
         *
         * @param channelsFirst false by default
         * @return this builder
         */
        public Builder optChannelsFirst(boolean channelsFirst) {
            this.channelsFirst = channelsFirst;
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
         * Has a bias, or none, as in the language models of the paper.
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
        public DynamicTanh build() {
            if (channelsFirst && extents.length != 1) {
                throw new IllegalArgumentException(
                        "channelsFirst (true) takes one axis of channels, not "
                                + extents.length
                                + ": call setChannels");
            }
            return new DynamicTanh(
                    this,
                    channelsFirst ? ChannelAxes.second(extents[0]) : ChannelAxes.trailing(extents));
        }
    }
}

package io.github.djlblocks.model;

import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.kernel.RotarySpec;
import org.jspecify.annotations.Nullable;

/**
 * The sizes and choices of a stack of layers: of an encoder, or of a decoder on top of one. Nothing
 * in it belongs to one model family or file format.
 *
 * @param hiddenSize channels of the model, E
 * @param feedForwardSize channels inside the feed-forward block, F
 * @param layers how many layers
 * @param heads query heads, H; as many key/value heads
 * @param headDim channels of a head, D; H * D need not be E
 * @param norm which norm
 * @param normEpsilon epsilon of every norm
 * @param scheme where the norms sit
 * @param activation of the feed-forward block
 * @param gated whether the feed-forward block has a gate
 * @param bias whether projections have a bias
 * @param attentionScale factor of the attention scores
 * @param rotary turns queries and keys of self-attention, or none
 * @param buckets of a learned bias by distance that all layers share, or none
 * @param dropout of embeddings and of what sublayers give, in training
 * @param attentionDropout of attention weights, in training
 */
public record StackConfig(
        int hiddenSize,
        int feedForwardSize,
        int layers,
        int heads,
        int headDim,
        Norm norm,
        double normEpsilon,
        Scheme scheme,
        ActivationFunction activation,
        boolean gated,
        boolean bias,
        double attentionScale,
        @Nullable RotarySpec rotary,
        @Nullable BucketSpec buckets,
        double dropout,
        double attentionDropout) {

    /**
     * Checks every size.
     *
     * @param hiddenSize channels of the model, E
     * @param feedForwardSize channels inside the feed-forward block, F
     * @param layers how many layers
     * @param heads query heads, H; as many key/value heads
     * @param headDim channels of a head, D; H * D need not be E
     * @param norm which norm
     * @param normEpsilon epsilon of every norm
     * @param scheme where the norms sit
     * @param activation of the feed-forward block
     * @param gated whether the feed-forward block has a gate
     * @param bias whether projections have a bias
     * @param attentionScale factor of the attention scores
     * @param rotary turns queries and keys of self-attention, or none
     * @param buckets of a learned bias by distance that all layers share, or none
     * @param dropout of embeddings and of what sublayers give, in training
     * @param attentionDropout of attention weights, in training
     */
    public StackConfig {
        Checks.positive("hiddenSize", hiddenSize);
        Checks.positive("feedForwardSize", feedForwardSize);
        Checks.positive("layers", layers);
        Checks.positive("heads", heads);
        Checks.positive("headDim", headDim);
        Checks.positive("normEpsilon", normEpsilon);
        Checks.positive("attentionScale", attentionScale);
        Checks.rate("dropout", dropout);
        Checks.rate("attentionDropout", attentionDropout);
    }

    /** Which norm a stack has. */
    public enum Norm {
        /** Layer norm with weight and bias: BERT, BART. */
        LAYER_NORM,
        /** RMS norm with weight: T5. */
        RMS_NORM
    }

    /** Where the norms of a layer sit. */
    public enum Scheme {
        /** After each sublayer, on the sum: BERT, BART (arXiv 1706.03762). */
        POST,
        /** Before each sublayer, and one at the end: T5 (arXiv 2002.04745). */
        PRE,
        /** DeepNorm, with the constants of the paper (arXiv 2203.00555). */
        DEEP_NORM
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a {@link StackConfig}; the defaults are those of BERT, without dropout. */
    public static final class Builder {

        private int hiddenSize;
        private int feedForwardSize;
        private int layers;
        private int heads;
        private @Nullable Integer headDim;
        private Norm norm = Norm.LAYER_NORM;
        private double normEpsilon = 1e-12;
        private Scheme scheme = Scheme.POST;
        private ActivationFunction activation = ActivationFunction.GELU;
        private boolean gated;
        private boolean bias = true;
        private @Nullable Double attentionScale;
        private @Nullable RotarySpec rotary;
        private @Nullable BucketSpec buckets;
        private double dropout;
        private double attentionDropout;

        private Builder() {}

        /**
         * Sets the channels of the model.
         *
         * @param hiddenSize E
         * @return this builder
         */
        public Builder setHiddenSize(int hiddenSize) {
            this.hiddenSize = hiddenSize;
            return this;
        }

        /**
         * Sets the channels inside the feed-forward block.
         *
         * @param feedForwardSize F
         * @return this builder
         */
        public Builder setFeedForwardSize(int feedForwardSize) {
            this.feedForwardSize = feedForwardSize;
            return this;
        }

        /**
         * Sets the number of layers.
         *
         * @param layers at least 1
         * @return this builder
         */
        public Builder setLayers(int layers) {
            this.layers = layers;
            return this;
        }

        /**
         * Sets the number of heads.
         *
         * @param heads H
         * @return this builder
         */
        public Builder setHeads(int heads) {
            this.heads = heads;
            return this;
        }

        /**
         * Sets the channels of a head, E / H by default.
         *
         * @param headDim D
         * @return this builder
         */
        public Builder optHeadDim(int headDim) {
            this.headDim = headDim;
            return this;
        }

        /**
         * Sets which norm, {@link Norm#LAYER_NORM} by default.
         *
         * @param norm the norm
         * @return this builder
         */
        public Builder optNorm(Norm norm) {
            this.norm = norm;
            return this;
        }

        /**
         * Sets epsilon of every norm, 1e-12 by default.
         *
         * @param normEpsilon above 0
         * @return this builder
         */
        public Builder optNormEpsilon(double normEpsilon) {
            this.normEpsilon = normEpsilon;
            return this;
        }

        /**
         * Sets where the norms sit, {@link Scheme#POST} by default.
         *
         * @param scheme the scheme
         * @return this builder
         */
        public Builder optScheme(Scheme scheme) {
            this.scheme = scheme;
            return this;
        }

        /**
         * Sets the activation, GELU by default.
         *
         * @param activation of the feed-forward block or its gate
         * @return this builder
         */
        public Builder optActivation(ActivationFunction activation) {
            this.activation = activation;
            return this;
        }

        /**
         * Gives the feed-forward block a gate.
         *
         * @param gated false by default
         * @return this builder
         */
        public Builder optGated(boolean gated) {
            this.gated = gated;
            return this;
        }

        /**
         * Gives the projections a bias.
         *
         * @param bias true by default
         * @return this builder
         */
        public Builder optBias(boolean bias) {
            this.bias = bias;
            return this;
        }

        /**
         * Sets the factor of the scores, {@code 1 / sqrt(D)} by default; 1 in T5.
         *
         * @param attentionScale above 0
         * @return this builder
         */
        public Builder optAttentionScale(double attentionScale) {
            this.attentionScale = attentionScale;
            return this;
        }

        /**
         * Turns queries and keys of self-attention, not by default.
         *
         * @param rotary frequencies, layout and factor
         * @return this builder
         */
        public Builder optRotary(RotarySpec rotary) {
            this.rotary = rotary;
            return this;
        }

        /**
         * Adds a bias by distance to the scores of self-attention, not by default: T5.
         *
         * @param buckets which distance is in which bucket
         * @return this builder
         */
        public Builder optBuckets(BucketSpec buckets) {
            this.buckets = buckets;
            return this;
        }

        /**
         * Sets the dropout of embeddings and sublayers, 0 by default.
         *
         * @param dropout from 0 to below 1
         * @return this builder
         */
        public Builder optDropout(double dropout) {
            this.dropout = dropout;
            return this;
        }

        /**
         * Sets the dropout of attention weights, 0 by default.
         *
         * @param attentionDropout from 0 to below 1
         * @return this builder
         */
        public Builder optAttentionDropout(double attentionDropout) {
            this.attentionDropout = attentionDropout;
            return this;
        }

        /**
         * Builds the record.
         *
         * @return the record
         * @throws IllegalArgumentException if a size is missing, out of range, or two do not fit
         */
        public StackConfig build() {
            int dim = headDim == null ? derivedHeadDim() : Checks.positive("headDim", headDim);
            return new StackConfig(
                    hiddenSize,
                    feedForwardSize,
                    layers,
                    heads,
                    dim,
                    norm,
                    normEpsilon,
                    scheme,
                    activation,
                    gated,
                    bias,
                    attentionScale == null ? 1 / Math.sqrt(dim) : attentionScale,
                    rotary,
                    buckets,
                    dropout,
                    attentionDropout);
        }

        private int derivedHeadDim() {
            Checks.positive("hiddenSize", hiddenSize);
            Checks.positive("heads", heads);
            if (hiddenSize % heads != 0) {
                throw new IllegalArgumentException(
                        "hiddenSize ("
                                + hiddenSize
                                + ") is not divisible by heads ("
                                + heads
                                + "): set headDim");
            }
            return hiddenSize / heads;
        }
    }
}

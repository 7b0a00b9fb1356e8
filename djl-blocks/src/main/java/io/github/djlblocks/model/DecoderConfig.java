package io.github.djlblocks.model;

import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.position.RotaryFrequencies;
import org.jspecify.annotations.Nullable;

/**
 * The sizes and choices that make a decoder. Nothing in it belongs to one model family or file
 * format.
 *
 * @param vocabularySize tokens, V
 * @param hiddenSize channels of the model, E
 * @param feedForwardSize channels inside the feed-forward block, F
 * @param layers how many layers
 * @param queryHeads H
 * @param keyValueHeads K, a divisor of H
 * @param headDim channels of a head, D; H * D need not be E
 * @param contextLength the most tokens one sequence may have
 * @param normEpsilon epsilon of every norm
 * @param rotary frequencies and layout of the rotary embedding
 * @param activation the gate's activation
 * @param attentionBias whether query, key, value and output projections have a bias
 * @param feedForwardBias whether the feed-forward projections have a bias
 * @param tiedHead whether the head is the embedding table
 * @param residual where the norm sits
 * @param alphas what alpha of dynamic tanh starts as in a language model, or none
 */
public record DecoderConfig(
        int vocabularySize,
        int hiddenSize,
        int feedForwardSize,
        int layers,
        int queryHeads,
        int keyValueHeads,
        int headDim,
        int contextLength,
        double normEpsilon,
        RotarySpec rotary,
        ActivationFunction activation,
        boolean attentionBias,
        boolean feedForwardBias,
        boolean tiedHead,
        ResidualScheme residual,
        DynamicTanh.@Nullable LlmAlphas alphas) {

    /**
     * Checks every size.
     *
     * @param vocabularySize tokens, V
     * @param hiddenSize channels of the model, E
     * @param feedForwardSize channels inside the feed-forward block, F
     * @param layers how many layers
     * @param queryHeads H
     * @param keyValueHeads K, a divisor of H
     * @param headDim channels of a head, D; H * D need not be E
     * @param contextLength the most tokens one sequence may have
     * @param normEpsilon epsilon of every norm
     * @param rotary frequencies and layout of the rotary embedding
     * @param activation the gate's activation
     * @param attentionBias whether query, key, value and output projections have a bias
     * @param feedForwardBias whether the feed-forward projections have a bias
     * @param tiedHead whether the head is the embedding table
     * @param residual where the norm sits
     * @param alphas what alpha of dynamic tanh starts as in a language model, or none
     */
    public DecoderConfig {
        Checks.positive("vocabularySize", vocabularySize);
        Checks.positive("hiddenSize", hiddenSize);
        Checks.positive("feedForwardSize", feedForwardSize);
        Checks.positive("layers", layers);
        Checks.positive("queryHeads", queryHeads);
        Checks.positive("keyValueHeads", keyValueHeads);
        Checks.positive("headDim", headDim);
        Checks.positive("contextLength", contextLength);
        if (alphas != null && residual != ResidualScheme.PRE_DYNAMIC_TANH) {
            throw new IllegalArgumentException(
                    "alphas are of dynamic tanh, but the residual scheme is " + residual);
        }
        Checks.positive("normEpsilon", normEpsilon);
        Checks.multiple("queryHeads", queryHeads, "keyValueHeads", keyValueHeads);
        Checks.atMost("rotaryDim", rotary.rotaryDim(), "headDim", headDim);
    }

    /** Where the norms of a layer sit, and which norm it is. */
    public enum ResidualScheme {
        /** RMSNorm before each sublayer, and one at the end: Llama. */
        PRE_RMS_NORM,
        /**
         * DyT before each sublayer, and one at the end (arXiv 2503.10622), each with alpha 0.5 at
         * first. The paper's recipe for language models has other alphas by place, and a learned
         * scale of the embedding.
         */
        PRE_DYNAMIC_TANH,
        /** DeepNorm with layer norm, decoder-only constants (arXiv 2203.00555). */
        DEEP_NORM
    }

    /**
     * Returns the same sizes with a head of its own, or with the embedding's.
     *
     * @param tied whether the head is the embedding
     * @return a changed copy
     */
    public DecoderConfig withTiedHead(boolean tied) {
        return new DecoderConfig(
                vocabularySize,
                hiddenSize,
                feedForwardSize,
                layers,
                queryHeads,
                keyValueHeads,
                headDim,
                contextLength,
                normEpsilon,
                rotary,
                activation,
                attentionBias,
                feedForwardBias,
                tied,
                residual,
                alphas);
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a {@link DecoderConfig}; the defaults are those of Llama. */
    public static final class Builder {

        private int vocabularySize;
        private int hiddenSize;
        private int feedForwardSize;
        private int layers;
        private int queryHeads;
        private @Nullable Integer keyValueHeads;
        private @Nullable Integer headDim;
        private int contextLength;
        private double normEpsilon = 1e-6;
        private double ropeTheta = 10000;
        private @Nullable RotarySpec rotary;
        private ActivationFunction activation = ActivationFunction.SILU;
        private boolean attentionBias;
        private boolean feedForwardBias;
        private boolean tiedHead;
        private ResidualScheme residual = ResidualScheme.PRE_RMS_NORM;
        private DynamicTanh.@Nullable LlmAlphas alphas;

        private Builder() {}

        /**
         * Sets the number of tokens.
         *
         * @param vocabularySize V
         * @return this builder
         */
        public Builder setVocabularySize(int vocabularySize) {
            this.vocabularySize = vocabularySize;
            return this;
        }

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
         * Sets how many layers there are.
         *
         * @param layers at least 1
         * @return this builder
         */
        public Builder setLayers(int layers) {
            this.layers = layers;
            return this;
        }

        /**
         * Sets the number of query heads.
         *
         * @param queryHeads H
         * @return this builder
         */
        public Builder setQueryHeads(int queryHeads) {
            this.queryHeads = queryHeads;
            return this;
        }

        /**
         * Sets the most tokens one sequence may have.
         *
         * @param contextLength at least 1
         * @return this builder
         */
        public Builder setContextLength(int contextLength) {
            this.contextLength = contextLength;
            return this;
        }

        /**
         * Sets the number of key/value heads, as many as query heads by default.
         *
         * @param keyValueHeads K, a divisor of H
         * @return this builder
         */
        public Builder optKeyValueHeads(int keyValueHeads) {
            this.keyValueHeads = keyValueHeads;
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
         * Sets epsilon of every norm, 1e-6 by default.
         *
         * @param normEpsilon above 0
         * @return this builder
         */
        public Builder optNormEpsilon(double normEpsilon) {
            this.normEpsilon = normEpsilon;
            return this;
        }

        /**
         * Sets the base of the standard rotary frequencies, 10000 by default.
         *
         * @param ropeTheta above 0
         * @return this builder
         */
        public Builder optRopeTheta(double ropeTheta) {
            this.ropeTheta = ropeTheta;
            return this;
        }

        /**
         * Sets the rotary embedding itself, in place of the standard one of theta.
         *
         * @param rotary frequencies, layout and factor
         * @return this builder
         */
        public Builder optRotary(RotarySpec rotary) {
            this.rotary = rotary;
            return this;
        }

        /**
         * Sets the gate's activation, SiLU by default.
         *
         * @param activation the function
         * @return this builder
         */
        public Builder optActivation(ActivationFunction activation) {
            this.activation = activation;
            return this;
        }

        /**
         * Gives the attention's projections a bias.
         *
         * @param attentionBias false by default
         * @return this builder
         */
        public Builder optAttentionBias(boolean attentionBias) {
            this.attentionBias = attentionBias;
            return this;
        }

        /**
         * Gives the feed-forward projections a bias.
         *
         * @param feedForwardBias false by default
         * @return this builder
         */
        public Builder optFeedForwardBias(boolean feedForwardBias) {
            this.feedForwardBias = feedForwardBias;
            return this;
        }

        /**
         * Uses the embedding table as the head.
         *
         * @param tiedHead false by default
         * @return this builder
         */
        public Builder optTiedHead(boolean tiedHead) {
            this.tiedHead = tiedHead;
            return this;
        }

        /**
         * Sets where the norms sit, and which they are.
         *
         * @param residual {@link ResidualScheme#PRE_RMS_NORM} by default
         * @return this builder
         */
        public Builder optResidual(ResidualScheme residual) {
            this.residual = residual;
            return this;
        }

        /**
         * Takes dynamic tanh as the paper's language models have it: these alphas, and a learned
         * factor of the embeddings that starts as {@code sqrt(E)} (arXiv 2503.10622).
         *
         * @param alphas such as {@code LlmAlphas.of(hiddenSize)}; by default alpha starts as 0.5
         *     everywhere, and there is no factor
         * @return this builder
         */
        public Builder optDynamicTanh(DynamicTanh.LlmAlphas alphas) {
            this.residual = ResidualScheme.PRE_DYNAMIC_TANH;
            this.alphas = alphas;
            return this;
        }

        /**
         * Builds the record.
         *
         * @return the record
         * @throws IllegalArgumentException if a size is missing, out of range, or two do not fit
         */
        public DecoderConfig build() {
            int dim = headDim == null ? derivedHeadDim() : Checks.positive("headDim", headDim);
            return new DecoderConfig(
                    vocabularySize,
                    hiddenSize,
                    feedForwardSize,
                    layers,
                    queryHeads,
                    keyValueHeads == null ? queryHeads : keyValueHeads,
                    dim,
                    contextLength,
                    normEpsilon,
                    rotary == null ? standardRotary(dim) : rotary,
                    activation,
                    attentionBias,
                    feedForwardBias,
                    tiedHead,
                    residual,
                    alphas);
        }

        private int derivedHeadDim() {
            Checks.positive("hiddenSize", hiddenSize);
            Checks.positive("queryHeads", queryHeads);
            if (hiddenSize % queryHeads != 0) {
                throw new IllegalArgumentException(
                        "hiddenSize ("
                                + hiddenSize
                                + ") is not divisible by queryHeads ("
                                + queryHeads
                                + "): set headDim");
            }
            return hiddenSize / queryHeads;
        }

        private RotarySpec standardRotary(int dim) {
            if (dim % 2 != 0) {
                throw new IllegalArgumentException(
                        "headDim (" + dim + ") must be even: rotary embedding pairs its channels");
            }
            return new RotarySpec(
                    RotaryFrequencies.standard(ropeTheta, dim), RotaryLayout.HALF_SPLIT, 1);
        }
    }
}

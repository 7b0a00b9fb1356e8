package io.github.djlblocks.model;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.position.PositionBias;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Builds a {@link CausalLanguageModel}. */
public final class CausalLanguageModelBuilder {

    @Nullable TokenEmbedding embedding;
    @Nullable Block positions;
    @Nullable Block embeddingNorm;
    double embeddingScale = 1;
    boolean scaledGiven = true;
    double logitScale = 1;
    double logitSoftcap;
    @Nullable PositionBias bias;
    List<? extends Block> layers = List.of();
    @Nullable Block norm;
    @Nullable Linear head;
    List<RotaryEmbedding> rotaries = List.of();
    int contextLength;

    CausalLanguageModelBuilder() {}

    /**
     * Sets the token embedding.
     *
     * @param embedding (V, E)
     * @return this builder
     */
    public CausalLanguageModelBuilder setEmbedding(TokenEmbedding embedding) {
        this.embedding = embedding;
        return this;
    }

    /**
     * Sets the layers.
     *
     * @param layers in the order they run: {@link DecoderLayer}, {@link
     *     io.github.djlblocks.layer.ParallelResidual}, or any block from (B, S, E) to (B, S, E)
     *     that hands an {@link AttentionContext} to its attention
     * @return this builder
     */
    public CausalLanguageModelBuilder setLayers(List<? extends Block> layers) {
        this.layers = layers;
        return this;
    }

    /**
     * Sets the most tokens one sequence may have.
     *
     * @param contextLength at least 1
     * @return this builder
     */
    public CausalLanguageModelBuilder setContextLength(int contextLength) {
        this.contextLength = contextLength;
        return this;
    }

    /**
     * Sets the norm after the last layer, none by default.
     *
     * @param norm a norm of the last axis
     * @return this builder
     */
    public CausalLanguageModelBuilder optNorm(Block norm) {
        this.norm = norm;
        return this;
    }

    /**
     * Sets the head, the embedding table by default (tied weights).
     *
     * @param head E to V
     * @return this builder
     */
    public CausalLanguageModelBuilder optHead(Linear head) {
        this.head = head;
        return this;
    }

    /**
     * Sets the rotary embeddings the layers use, so that their tables are made once a pass.
     *
     * @param rotaries those given to the layers' attention: one, or several where bases differ
     * @return this builder
     */
    public CausalLanguageModelBuilder optRotary(RotaryEmbedding... rotaries) {
        this.rotaries = List.of(rotaries);
        return this;
    }

    /**
     * Multiplies the token embeddings, as Gemma does by {@code sqrt(E)}.
     *
     * @param scale 1 by default
     * @return this builder
     */
    public CausalLanguageModelBuilder optEmbeddingScale(double scale) {
        this.embeddingScale = scale;
        return this;
    }

    /**
     * Has embeddings that are given in place of ids multiplied, too, as in Gemma 1 and 2, or taken
     * as they are, as in Gemma 3.
     *
     * @param scaledGiven true by default
     * @return this builder
     */
    public CausalLanguageModelBuilder optScaledGiven(boolean scaledGiven) {
        this.scaledGiven = scaledGiven;
        return this;
    }

    /**
     * Adds absolute positions to the embeddings.
     *
     * @param positions from (x (B, S, E), positions) to (B, S, E), as {@link
     *     io.github.djlblocks.position.LearnedPositions}
     * @return this builder
     */
    public CausalLanguageModelBuilder optPositions(Block positions) {
        this.positions = positions;
        return this;
    }

    /**
     * Normalises what enters the first layer, as BLOOM does.
     *
     * @param norm a norm of the last axis
     * @return this builder
     */
    public CausalLanguageModelBuilder optEmbeddingNorm(Block norm) {
        this.embeddingNorm = norm;
        return this;
    }

    /**
     * Sets a bias by position, computed once a pass and added to the scores of every layer.
     *
     * @param bias ALiBi, or as of T5
     * @return this builder
     */
    public CausalLanguageModelBuilder optPositionBias(PositionBias bias) {
        this.bias = bias;
        return this;
    }

    /**
     * Multiplies the logits: {@code logit_scale} of Cohere, one over {@code logits_scaling} of
     * Granite.
     *
     * @param scale 1 by default
     * @return this builder
     */
    public CausalLanguageModelBuilder optLogitScale(double scale) {
        this.logitScale = scale;
        return this;
    }

    /**
     * Bounds the logits softly, {@code c tanh(logit / c)}, as Gemma 2 does.
     *
     * @param softcap c; 0, the default, for none
     * @return this builder
     */
    public CausalLanguageModelBuilder optLogitSoftcap(double softcap) {
        this.logitSoftcap = softcap;
        return this;
    }

    /**
     * Builds the block.
     *
     * @return the block
     * @throws IllegalArgumentException if something is missing or sizes do not fit together
     */
    public CausalLanguageModel build() {
        return new CausalLanguageModel(this);
    }
}

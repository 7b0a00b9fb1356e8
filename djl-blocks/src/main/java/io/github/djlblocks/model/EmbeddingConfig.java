package io.github.djlblocks.model;

import io.github.djlblocks.internal.Checks;

/**
 * The sizes and choices of what enters an encoder, or the decoder on top of one.
 *
 * @param vocabularySize tokens, V
 * @param contextLength the most tokens one sequence may have
 * @param positions how positions are told from one another there
 * @param positionOffset the row, or the angle, of position 0
 * @param types token types, 0 for none
 * @param scale factor of the token embeddings
 * @param norm whether the sum is normalised
 */
public record EmbeddingConfig(
        int vocabularySize,
        int contextLength,
        Positions positions,
        int positionOffset,
        int types,
        double scale,
        boolean norm) {

    /**
     * Checks every size.
     *
     * @param vocabularySize tokens, V
     * @param contextLength the most tokens one sequence may have
     * @param positions how positions are told from one another there
     * @param positionOffset the row, or the angle, of position 0
     * @param types token types, 0 for none
     * @param scale factor of the token embeddings
     * @param norm whether the sum is normalised
     */
    public EmbeddingConfig {
        Checks.positive("vocabularySize", vocabularySize);
        Checks.positive("contextLength", contextLength);
        Checks.positive("scale", scale);
        if (positionOffset < 0 || types < 0) {
            throw new IllegalArgumentException(
                    "positionOffset ("
                            + positionOffset
                            + ") and types ("
                            + types
                            + ") must not be negative");
        }
    }

    /** Absolute positions that are added to the embeddings. */
    public enum Positions {
        /** None there: attention tells them, by rotation or by a bias. */
        NONE,
        /** A learned table: BERT, BART. */
        LEARNED,
        /** Sines and cosines, side by side: arXiv 1706.03762. */
        SINUSOIDAL,
        /** The same, all sines before all cosines: Marian, Pegasus. */
        SINES_FIRST
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds an {@link EmbeddingConfig}; the defaults are those of BERT without token types. */
    public static final class Builder {

        private int vocabularySize;
        private int contextLength;
        private Positions positions = Positions.LEARNED;
        private int positionOffset;
        private int types;
        private double scale = 1;
        private boolean norm = true;

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
         * Sets the kind of positions, {@link Positions#LEARNED} by default.
         *
         * @param positions the kind
         * @return this builder
         */
        public Builder optPositions(Positions positions) {
            this.positions = positions;
            return this;
        }

        /**
         * Sets the row of position 0, 0 by default; 2 in BART.
         *
         * @param positionOffset at least 0
         * @return this builder
         */
        public Builder optPositionOffset(int positionOffset) {
            this.positionOffset = positionOffset;
            return this;
        }

        /**
         * Sets the number of token types, none by default; 2 in BERT.
         *
         * @param types at least 0
         * @return this builder
         */
        public Builder optTypes(int types) {
            this.types = types;
            return this;
        }

        /**
         * Sets the factor of the token embeddings, 1 by default.
         *
         * @param scale above 0
         * @return this builder
         */
        public Builder optScale(double scale) {
            this.scale = scale;
            return this;
        }

        /**
         * Normalises the sum, or not.
         *
         * @param norm true by default
         * @return this builder
         */
        public Builder optNorm(boolean norm) {
            this.norm = norm;
            return this;
        }

        /**
         * Builds the record.
         *
         * @return the record
         * @throws IllegalArgumentException if a size is missing or out of range
         */
        public EmbeddingConfig build() {
            return new EmbeddingConfig(
                    vocabularySize, contextLength, positions, positionOffset, types, scale, norm);
        }
    }
}

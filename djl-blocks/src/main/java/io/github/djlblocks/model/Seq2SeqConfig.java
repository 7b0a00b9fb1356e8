package io.github.djlblocks.model;

import io.github.djlblocks.internal.Checks;

/**
 * The sizes and choices that make an encoder-decoder.
 *
 * @param encoder the encoder
 * @param decoder what enters the decoder, and its layers
 * @param sharedEmbedding whether both look tokens up in one table
 * @param tiedHead whether the head is the table of the decoder
 * @param headScale factor of what enters the head; {@code 1 / sqrt(E)} in T5
 * @param headBias whether the head has a bias
 */
public record Seq2SeqConfig(
        EncoderConfig encoder,
        EncoderConfig decoder,
        boolean sharedEmbedding,
        boolean tiedHead,
        double headScale,
        boolean headBias) {

    /**
     * Returns the same sizes with a head that is a matrix of its own.
     *
     * @return a changed copy
     */
    public Seq2SeqConfig withOwnHead() {
        return new Seq2SeqConfig(encoder, decoder, sharedEmbedding, false, headScale, headBias);
    }

    /**
     * Checks that the parts fit together.
     *
     * @param encoder the encoder
     * @param decoder what enters the decoder, and its layers
     * @param sharedEmbedding whether both look tokens up in one table
     * @param tiedHead whether the head is the table of the decoder
     * @param headScale factor of what enters the head; {@code 1 / sqrt(E)} in T5
     * @param headBias whether the head has a bias
     */
    public Seq2SeqConfig {
        Checks.positive("headScale", headScale);
        boolean fits =
                encoder.embedding().vocabularySize() == decoder.embedding().vocabularySize()
                        && encoder.stack().hiddenSize() == decoder.stack().hiddenSize();
        if (sharedEmbedding && !fits) {
            throw new IllegalArgumentException(
                    "a shared embedding has one size, but the encoder's is ("
                            + encoder.embedding().vocabularySize()
                            + ", "
                            + encoder.stack().hiddenSize()
                            + ") and the decoder's ("
                            + decoder.embedding().vocabularySize()
                            + ", "
                            + decoder.stack().hiddenSize()
                            + ")");
        }
        if (decoder.embedding().types() != 0) {
            throw new IllegalArgumentException(
                    "a decoder has no token types, got "
                            + decoder.embedding().types()
                            + ": set types to 0");
        }
    }
}

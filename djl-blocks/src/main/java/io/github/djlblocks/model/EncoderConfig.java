package io.github.djlblocks.model;

/**
 * The sizes and choices that make an encoder.
 *
 * @param embedding what enters it
 * @param stack its layers
 */
public record EncoderConfig(EmbeddingConfig embedding, StackConfig stack) {}

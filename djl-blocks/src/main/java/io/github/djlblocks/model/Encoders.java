package io.github.djlblocks.model;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.List;

/** Builds encoders, and heads for them, from an {@link EncoderConfig}. */
public final class Encoders {

    private Encoders() {}

    /**
     * Builds an encoder.
     *
     * @param config its sizes
     * @return the encoder, not initialised
     */
    public static Encoder encoder(EncoderConfig config) {
        return encoder(config, DeepNorm.Constants.encoderOnly(config.stack().layers()));
    }

    static Encoder encoder(EncoderConfig config, DeepNorm.Constants constants) {
        StackBlocks blocks = StackBlocks.of(config.stack(), constants);
        TokenEmbedding tokens =
                TokenEmbedding.of(config.embedding().vocabularySize(), config.stack().hiddenSize());
        List<EncoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < config.stack().layers(); i++) {
            layers.add(blocks.encoderLayer());
        }
        Encoder.Builder encoder =
                Encoder.builder()
                        .setEmbeddings(blocks.embeddings(config.embedding(), tokens, true))
                        .setLayers(layers)
                        .optNorm(blocks.finalNorm())
                        .optPositionBias(blocks.positionBias());
        RotaryEmbedding rotary = blocks.rotary();
        return (rotary == null ? encoder : encoder.optRotary(rotary)).build();
    }

    /**
     * Builds a masked language model: an encoder, and a head of dense layer, activation, norm and
     * the tied embedding table with a bias, as in BERT, RoBERTa and DistilBERT.
     *
     * @param config its sizes
     * @return the model, not initialised
     */
    public static HeadedEncoder maskedLanguageModel(EncoderConfig config) {
        Encoder encoder = encoder(config);
        return HeadedEncoder.ofTokens(encoder, maskedLanguageModelHead(config, encoder));
    }

    /**
     * Builds the head of a masked language model.
     *
     * @param config the sizes of the encoder
     * @param encoder whose embedding table it is tied to
     * @return the head, not initialised
     */
    public static LanguageModelHead maskedLanguageModelHead(EncoderConfig config, Encoder encoder) {
        int e = config.stack().hiddenSize();
        StackConfig stack = config.stack();
        return LanguageModelHead.builder()
                .setTable(encoder.getTokens())
                .optBias(true)
                .optTransform(
                        Linear.withBias(e, e),
                        stack.activation(),
                        StackBlocks.of(stack, DeepNorm.Constants.encoderOnly(stack.layers()))
                                .norm())
                .build();
    }
}

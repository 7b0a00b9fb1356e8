package io.github.djlblocks.model;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.layer.CrossDecoderLayer;
import io.github.djlblocks.layer.DeepNorm;
import java.util.ArrayList;
import java.util.List;

/** Builds encoder-decoders from a {@link Seq2SeqConfig}. */
public final class EncoderDecoders {

    private EncoderDecoders() {}

    /**
     * Builds an encoder-decoder.
     *
     * @param config its sizes
     * @return the model, not initialised
     */
    public static EncoderDecoder model(Seq2SeqConfig config) {
        StackConfig stack = config.decoder().stack();
        int encoderLayers = config.encoder().stack().layers();
        Encoder encoder =
                Encoders.encoder(
                        config.encoder(),
                        DeepNorm.Constants.encoder(encoderLayers, stack.layers()));
        StackBlocks blocks = StackBlocks.of(stack, DeepNorm.Constants.decoder(stack.layers()));
        EmbeddingConfig embedding = config.decoder().embedding();
        TokenEmbedding tokens =
                config.sharedEmbedding()
                        ? encoder.getTokens()
                        : TokenEmbedding.of(embedding.vocabularySize(), stack.hiddenSize());
        List<CrossDecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < stack.layers(); i++) {
            layers.add(blocks.decoderLayer(config.encoder().stack().hiddenSize()));
        }
        Seq2SeqDecoder decoder =
                Seq2SeqDecoder.builder()
                        .setEmbeddings(
                                blocks.embeddings(embedding, tokens, !config.sharedEmbedding()))
                        .setLayers(layers)
                        .setHead(head(config, tokens))
                        .setContextLength(embedding.contextLength())
                        .optNorm(blocks.finalNorm())
                        .optPositionBias(blocks.positionBias())
                        .optRotary(blocks.rotary())
                        .build();
        return EncoderDecoder.of(encoder, decoder);
    }

    private static LanguageModelHead head(Seq2SeqConfig config, TokenEmbedding tokens) {
        LanguageModelHead.Builder builder =
                LanguageModelHead.builder().optScale(config.headScale());
        int e = tokens.getHiddenSize();
        int v = tokens.getVocabularySize();
        if (config.tiedHead()) {
            builder.setTable(tokens);
        } else {
            builder.setOutput(Linear.withoutBias(e, v));
        }
        return builder.optBias(config.headBias()).build();
    }
}

package io.github.djlblocks.model;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.kernel.SinusoidSpec;
import io.github.djlblocks.layer.CrossDecoderLayer;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.LearnedPositions;
import io.github.djlblocks.position.PositionBias;
import io.github.djlblocks.position.RelativePositionBias;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.SinusoidalPositions;
import io.github.djlblocks.position.TokenTypeEmbedding;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a stack of layers, from its {@link StackConfig}.
 *
 * @param config sizes and choices
 * @param constants those of DeepNorm, which depend on both depths of an encoder-decoder
 * @param rotary the embedding all layers share, or none
 */
record StackBlocks(
        StackConfig config, DeepNorm.Constants constants, @Nullable RotaryEmbedding rotary) {

    static StackBlocks of(StackConfig config, DeepNorm.Constants constants) {
        RotaryEmbedding rotary =
                config.rotary() == null
                        ? null
                        : RotaryEmbedding.of(config.headDim(), config.rotary());
        return new StackBlocks(config, constants, rotary);
    }

    EncoderLayer encoderLayer() {
        return EncoderLayer.of(residual(selfAttention(false)), residual(feedForward()));
    }

    CrossDecoderLayer decoderLayer(int memorySize) {
        return CrossDecoderLayer.of(
                residual(selfAttention(true)),
                residual(crossAttention(memorySize)),
                residual(feedForward()));
    }

    EncoderEmbeddings embeddings(EmbeddingConfig embedding, TokenEmbedding tokens, boolean own) {
        int e = config.hiddenSize();
        EncoderEmbeddings.Builder builder = EncoderEmbeddings.builder().optScale(embedding.scale());
        if (own) {
            builder.setTokens(tokens);
        } else {
            builder.setSharedTokens(tokens);
        }
        switch (embedding.positions()) {
            case NONE -> {}
            case LEARNED ->
                    builder.optPositions(
                            LearnedPositions.withOffset(
                                    embedding.contextLength(), e, embedding.positionOffset()));
            case SINUSOIDAL ->
                    builder.optPositions(
                            SinusoidalPositions.builder()
                                    .setHiddenSize(e)
                                    .optOffset(embedding.positionOffset())
                                    .build());
            case SINES_FIRST ->
                    builder.optPositions(
                            SinusoidalPositions.builder()
                                    .setHiddenSize(e)
                                    .optLayout(SinusoidSpec.Layout.HALVES)
                                    .optOffset(embedding.positionOffset())
                                    .build());
        }
        if (embedding.types() > 0) {
            builder.optTypes(TokenTypeEmbedding.of(embedding.types(), e));
        }
        if (embedding.norm()) {
            builder.optNorm(norm());
        }
        if (config.dropout() > 0) {
            builder.optDropout(Dropout.of(config.dropout()));
        }
        return builder.build();
    }

    /** The norm at the end of a stack, which only pre-norm stacks have. */
    @Nullable Block finalNorm() {
        return config.scheme() == StackConfig.Scheme.PRE ? norm() : null;
    }

    /** The bias by distance that all layers share, or none. */
    @Nullable PositionBias positionBias() {
        return config.buckets() == null
                ? null
                : RelativePositionBias.of(config.heads(), config.buckets());
    }

    private MultiHeadAttention selfAttention(boolean causal) {
        MultiHeadAttentionBuilder builder = attention(config.hiddenSize()).optCausal(causal);
        if (rotary != null) {
            builder.optRotary(rotary);
        }
        return builder.build();
    }

    private MultiHeadAttention crossAttention(int memorySize) {
        return attention(memorySize).optCross(true).build();
    }

    private MultiHeadAttentionBuilder attention(int memorySize) {
        int e = config.hiddenSize();
        int wide = config.heads() * config.headDim();
        return MultiHeadAttention.builder()
                .setProjections(
                        linear(e, wide),
                        linear(memorySize, wide),
                        linear(memorySize, wide),
                        linear(wide, e))
                .setQueryHeads(config.heads())
                .optScale(config.attentionScale())
                .optDropout(config.attentionDropout());
    }

    private Block feedForward() {
        int e = config.hiddenSize();
        int f = config.feedForwardSize();
        return config.gated()
                ? GatedFeedForward.of(linear(e, f), linear(e, f), linear(f, e), config.activation())
                : FeedForward.of(linear(e, f), linear(f, e), config.activation());
    }

    private Residual residual(Block sublayer) {
        Residual.Builder builder =
                Residual.builder().setSublayer(sublayer).optDropout(config.dropout());
        return switch (config.scheme()) {
            case PRE -> builder.optInputNorm(norm()).build();
            case POST -> builder.optSumNorm(norm()).build();
            case DEEP_NORM -> DeepNorm.of(norm(), sublayer, constants, config.dropout());
        };
    }

    Block norm() {
        int e = config.hiddenSize();
        double epsilon = config.normEpsilon();
        return switch (config.norm()) {
            case LAYER_NORM -> LayerNorm.builder().setChannels(e).optEpsilon(epsilon).build();
            case RMS_NORM -> RmsNorm.builder().setChannels(e).optEpsilon(epsilon).build();
        };
    }

    private Linear linear(int inputs, int outputs) {
        return config.bias()
                ? Linear.withBias(inputs, outputs)
                : Linear.withoutBias(inputs, outputs);
    }
}

package io.github.djlblocks.model;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.LearnedScale;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Builds decoders, and parts of them, from a {@link DecoderConfig}. This is where blocks are put
 * together; every part can be built and used alone.
 */
public final class Decoders {

    private Decoders() {}

    /**
     * Builds a whole causal language model: embedding, layers, final norm (if the scheme has one),
     * head.
     *
     * @param config its sizes
     * @return the model, not initialised
     */
    public static CausalLanguageModel languageModel(DecoderConfig config) {
        RotaryEmbedding rotary = rotary(config);
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            layers.add(layer(config, rotary));
        }
        CausalLanguageModelBuilder builder =
                CausalLanguageModel.builder()
                        .setEmbedding(
                                TokenEmbedding.of(config.vocabularySize(), config.hiddenSize()))
                        .setLayers(layers)
                        .setContextLength(config.contextLength())
                        .optRotary(rotary);
        if (config.residual() != DecoderConfig.ResidualScheme.DEEP_NORM) {
            builder.optNorm(norm(config, false));
        }
        if (config.alphas() != null) {
            builder.optEmbeddingNorm(LearnedScale.of(Math.sqrt(config.hiddenSize())));
        }
        if (!config.tiedHead()) {
            builder.optHead(Linear.withoutBias(config.hiddenSize(), config.vocabularySize()));
        }
        return builder.build();
    }

    /**
     * Builds one layer.
     *
     * @param config the sizes
     * @param rotary the embedding of positions, shared by all layers of a model
     * @return the layer, not initialised
     */
    public static DecoderLayer layer(DecoderConfig config, RotaryEmbedding rotary) {
        return DecoderLayer.of(
                residual(config, attention(config, rotary), true),
                residual(config, feedForward(config), false));
    }

    /**
     * Builds the self-attention of a layer.
     *
     * @param config the sizes
     * @param rotary the embedding of positions
     * @return the block, not initialised
     */
    public static MultiHeadAttention attention(DecoderConfig config, RotaryEmbedding rotary) {
        return attentionBuilder(config).optRotary(rotary).build();
    }

    /**
     * Starts the self-attention of a layer, without positions.
     *
     * @param config the sizes
     * @return a builder that has projections and heads
     */
    public static MultiHeadAttentionBuilder attentionBuilder(DecoderConfig config) {
        int e = config.hiddenSize();
        int q = config.queryHeads() * config.headDim();
        int kv = config.keyValueHeads() * config.headDim();
        boolean bias = config.attentionBias();
        return MultiHeadAttention.builder()
                .setProjections(
                        linear(e, q, bias),
                        linear(e, kv, bias),
                        linear(e, kv, bias),
                        linear(q, e, bias))
                .setQueryHeads(config.queryHeads())
                .optKeyValueHeads(config.keyValueHeads())
                .optCausal(true);
    }

    /**
     * Builds the feed-forward block of a layer.
     *
     * @param config the sizes
     * @return the block, not initialised
     */
    public static GatedFeedForward feedForward(DecoderConfig config) {
        int e = config.hiddenSize();
        int f = config.feedForwardSize();
        boolean bias = config.feedForwardBias();
        return GatedFeedForward.of(
                linear(e, f, bias), linear(e, f, bias), linear(f, e, bias), config.activation());
    }

    /**
     * Builds the embedding of positions.
     *
     * @param config the sizes
     * @return the block
     */
    public static RotaryEmbedding rotary(DecoderConfig config) {
        return RotaryEmbedding.of(config.headDim(), config.rotary());
    }

    private static Residual residual(DecoderConfig config, Block sublayer, boolean attention) {
        Block norm = norm(config, attention);
        return switch (config.residual()) {
            case PRE_RMS_NORM, PRE_DYNAMIC_TANH -> Residual.pre(norm, sublayer);
            case DEEP_NORM ->
                    DeepNorm.of(norm, sublayer, DeepNorm.Constants.decoderOnly(config.layers()));
        };
    }

    private static Block norm(DecoderConfig config, boolean attention) {
        int e = config.hiddenSize();
        return switch (config.residual()) {
            case PRE_RMS_NORM ->
                    RmsNorm.builder().setChannels(e).optEpsilon(config.normEpsilon()).build();
            case PRE_DYNAMIC_TANH -> dynamicTanh(e, config.alphas(), attention);
            case DEEP_NORM ->
                    LayerNorm.builder().setChannels(e).optEpsilon(config.normEpsilon()).build();
        };
    }

    private static DynamicTanh dynamicTanh(
            int channels, DynamicTanh.@Nullable LlmAlphas alphas, boolean attention) {
        DynamicTanh.Builder builder = DynamicTanh.builder().setChannels(channels);
        if (alphas != null) {
            builder.optInitialAlpha(attention ? alphas.attention() : alphas.other());
        }
        return builder.build();
    }

    private static Linear linear(int inputs, int outputs, boolean bias) {
        return bias ? Linear.withBias(inputs, outputs) : Linear.withoutBias(inputs, outputs);
    }
}

package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.position.LearnedPositions;
import io.github.djlblocks.position.TokenTypeEmbedding;

/**
 * The parts of encoders of the kind of BERT: learned positions, LayerNorm after each sublayer, a
 * bias everywhere.
 *
 * @param vocabularySize V
 * @param embeddingSize channels of the embeddings, which are projected if the layers have others
 * @param hiddenSize channels of the layers
 * @param feedForwardSize channels inside the feed-forward block
 * @param heads query heads
 * @param positions rows of the table of positions
 * @param types token types, 0 for none
 * @param epsilon of every norm
 * @param activation of the feed-forward block
 */
record PostNormConfig(
        int vocabularySize,
        int embeddingSize,
        int hiddenSize,
        int feedForwardSize,
        int heads,
        int positions,
        int types,
        double epsilon,
        ActivationFunction activation) {

    PostNormConfig {
        if (hiddenSize % heads != 0) {
            throw new IllegalArgumentException(
                    "hidden_size ("
                            + hiddenSize
                            + ") is not divisible by num_attention_heads ("
                            + heads
                            + "): every head has as many channels");
        }
    }

    /** Embeddings, projected if told to, or if the layers have other channels. */
    EncoderEmbeddings embeddings(boolean projected) {
        EncoderEmbeddings.Builder builder =
                EncoderEmbeddings.builder()
                        .setTokens(TokenEmbedding.of(vocabularySize, embeddingSize))
                        .optPositions(LearnedPositions.of(positions, embeddingSize))
                        .optNorm(norm(embeddingSize));
        if (types > 0) {
            builder.optTypes(TokenTypeEmbedding.of(types, embeddingSize));
        }
        if (projected) {
            builder.optProjection(Linear.withBias(embeddingSize, hiddenSize));
        }
        return builder.build();
    }

    EncoderLayer layer() {
        int e = hiddenSize;
        Block attention =
                MultiHeadAttention.builder()
                        .setProjections(
                                Linear.withBias(e, e),
                                Linear.withBias(e, e),
                                Linear.withBias(e, e),
                                Linear.withBias(e, e))
                        .setQueryHeads(heads)
                        .build();
        Block feedForward =
                FeedForward.of(
                        Linear.withBias(e, feedForwardSize),
                        Linear.withBias(feedForwardSize, e),
                        activation);
        return EncoderLayer.of(
                Residual.post(norm(e), attention), Residual.post(norm(e), feedForward));
    }

    Block norm(int channels) {
        return LayerNorm.builder().setChannels(channels).optEpsilon(epsilon).build();
    }

    /** Names embeddings as BERT does. */
    static void nameEmbeddings(TensorNames.Builder names, String tensors, String path) {
        String from = tensors + "embeddings.";
        String to = path + "embeddings.";
        names.add(from + "word_embeddings.weight", to + "tokens.weight")
                .add(from + "position_embeddings.weight", to + "positions.weight")
                .add(from + "token_type_embeddings.weight", to + "types.weight");
        EncoderLike.nameNorm(names, from + "LayerNorm", to + "norm");
    }

    /** Names a layer as BERT does. */
    static void nameLayer(TensorNames.Builder names, String tensors, String path) {
        String attention = path + "attention.";
        String feedForward = path + "feedForward.";
        EncoderLike.nameNorm(names, tensors + "attention.output.LayerNorm", attention + "norm");
        EncoderLike.nameNorm(names, tensors + "output.LayerNorm", feedForward + "norm");
        names.add(tensors + "attention.output.dense.{p}", attention + "sublayer.output.{p}")
                .add(tensors + "attention.self.{a}.{p}", attention + "sublayer.{a}.{p}")
                .add(tensors + "intermediate.dense.{p}", feedForward + "sublayer.up.{p}")
                .add(tensors + "output.dense.{p}", feedForward + "sublayer.down.{p}");
    }
}

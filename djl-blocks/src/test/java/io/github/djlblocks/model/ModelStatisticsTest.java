package io.github.djlblocks.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Pooling;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The counts of published models, whose weights are never allocated here. */
class ModelStatisticsTest {

    /** TinyLlama-1.1B. */
    private static DecoderConfig tinyLlama() {
        return DecoderConfig.builder()
                .setVocabularySize(32_000)
                .setHiddenSize(2048)
                .setFeedForwardSize(5632)
                .setLayers(22)
                .setQueryHeads(32)
                .optKeyValueHeads(4)
                .setContextLength(2048)
                .build();
    }

    /** SmolLM-135M. */
    private static DecoderConfig smolLm() {
        return DecoderConfig.builder()
                .setVocabularySize(49_152)
                .setHiddenSize(576)
                .setFeedForwardSize(1536)
                .setLayers(30)
                .setQueryHeads(9)
                .optKeyValueHeads(3)
                .optTiedHead(true)
                .setContextLength(2048)
                .build();
    }

    /** BERT-base, uncased. */
    private static EncoderConfig bert() {
        return new EncoderConfig(
                EmbeddingConfig.builder()
                        .setVocabularySize(30_522)
                        .setContextLength(512)
                        .optTypes(2)
                        .build(),
                StackConfig.builder()
                        .setHiddenSize(768)
                        .setFeedForwardSize(3072)
                        .setLayers(12)
                        .setHeads(12)
                        .build());
    }

    /**
     * A layer: query and output 2048 * 2048, key and value 256 * 2048, three of 5632 * 2048, two
     * norms: 44,044,288. Embedding and head 65,536,000 each.
     */
    @Test
    void of_tinyLlama_isThePublishedCount() {
        ModelStatistics statistics = ModelStatistics.of(Decoders.languageModel(tinyLlama()));

        assertThat(statistics.parameters()).isEqualTo(1_100_048_384L);
        assertThat(statistics.trainable()).isEqualTo(1_100_048_384L);
        assertThat(statistics.byGroup())
                .containsExactly(
                        Map.entry("embedding", 65_536_000L),
                        Map.entry("layers", 22 * 44_044_288L),
                        Map.entry("norm", 2048L),
                        Map.entry("head", 65_536_000L));
        assertThat(statistics.bytes(DataType.FLOAT16)).isEqualTo(2_200_096_768L);
        assertThat(statistics.bytes(DataType.FLOAT32)).isEqualTo(4_400_193_536L);
    }

    @Test
    void of_smolLm_countsItsTiedTableOnce() {
        assertThat(ModelStatistics.of(Decoders.languageModel(smolLm())).parameters())
                .isEqualTo(134_515_008L);
    }

    @Test
    void of_bertWithItsPooler_isThePublishedCount() {
        Pooler pooler =
                Pooler.of(
                        SequencePooling.of(Pooling.FIRST),
                        Linear.withBias(768, 768),
                        ActivationFunction.TANH);
        Block model = HeadedEncoder.ofSequences(Encoders.encoder(bert()), pooler);

        ModelStatistics statistics = ModelStatistics.of(model);

        assertThat(statistics.parameters()).isEqualTo(109_482_240L);
        assertThat(statistics.byGroup())
                .containsEntry("head", 768L * 768 + 768)
                .containsEntry("encoder", 109_482_240L - 768 * 769);
    }

    @Test
    void of_frozenParts_areNotTrainable() {
        Block model = Decoders.languageModel(smolLm());
        model.getChildren().get("01embedding").freezeParameters(true);

        ModelStatistics statistics = ModelStatistics.of(model);

        assertThat(statistics.parameters()).isEqualTo(134_515_008L);
        assertThat(statistics.trainable()).isEqualTo(134_515_008L - 49_152L * 576);
    }

    @Test
    void of_blockOfUnknownShape_namesTheParameter() {
        SequentialBlock block =
                new SequentialBlock().add(ai.djl.nn.core.Linear.builder().setUnits(3).build());

        assertThatThrownBy(() -> ModelStatistics.of(block))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("weight has no shape yet: initialise the block first");
    }

    /**
     * TinyLlama, one token after 99: 2 per weight of the products, which are all weights but the
     * embedding and the norms, and 4 * 32 * 64 per layer and key.
     */
    @Test
    void cost_oneTokenOfTinyLlama_isTwoPerWeightAndTheScores() {
        ForwardCost cost = ForwardCost.of(tinyLlama(), 1, 1, 99);

        long weights = 1_100_048_384L - 65_536_000L - 45 * 2048L;
        assertThat(cost.flops()).isEqualTo(2 * weights + 22L * 4 * 32 * 64 * 100);
        assertThat(cost.cacheElements()).isEqualTo(22L * 2 * 4 * 64 * 100);
        assertThat(cost.cacheBytes(DataType.FLOAT16)).isEqualTo(2_252_800L);
    }

    /** By hand from sizes that are all different: 2 layers, 3 x 5 tokens after 7. */
    @Test
    void cost_smallDecoder_isTheSumOfItsProducts() {
        DecoderConfig config =
                DecoderConfig.builder()
                        .setVocabularySize(11)
                        .setHiddenSize(6)
                        .setFeedForwardSize(10)
                        .setLayers(2)
                        .setQueryHeads(4)
                        .optKeyValueHeads(2)
                        .optHeadDim(8)
                        .setContextLength(64)
                        .build();

        ForwardCost cost = ForwardCost.of(config, 3, 5, 7);

        long tokens = 15;
        long query = 2 * tokens * 6 * 32;
        long keyAndValue = 2 * (2 * tokens * 6 * 16);
        long output = 2 * tokens * 32 * 6;
        long scoresAndSums = 2 * (2 * (3 * 4) * (5 * 12) * 8);
        long gateUpDown = 3 * (2 * tokens * 6 * 10);
        long head = 2 * tokens * 6 * 11;
        assertThat(cost.flops())
                .isEqualTo(2 * (query + keyAndValue + output + scoresAndSums + gateUpDown) + head);
        long layer = 6 * 6 + 2 * 32 + 2 * 16 + 4 * 10;
        assertThat(cost.activationElements())
                .isEqualTo(tokens * (2 * layer + 11) + 2 * (2 * (3 * 4) * (5 * 12)));
        assertThat(cost.activationBytes(DataType.FLOAT32)).isEqualTo(4 * cost.activationElements());
        assertThat(cost.cacheElements()).isEqualTo(2 * 2 * (3 * 2 * 12 * 8));
    }

    /** BERT-base at 128 tokens: 12 (2 * 128 * 7,077,888 + 4 * 128 * 128 * 768). */
    @Test
    void cost_bert_isThatOfItsLayers() {
        ForwardCost cost = ForwardCost.of(bert(), 1, 128);

        assertThat(cost.flops()).isEqualTo(12 * (256L * 7_077_888 + 65_536L * 768));
        assertThat(cost.cacheElements()).isZero();
        assertThat(cost.activationElements())
                .isEqualTo(12 * (128L * (10 * 768 + 2 * 3072) + 2 * 12 * 128 * 128));
    }

    /** By hand: an encoder of 3 layers over 2 x 7 tokens, a decoder of 2 layers with 2 x 5. */
    @Test
    void cost_encoderDecoder_isTheSumOfItsProducts() {
        Seq2SeqConfig config =
                new Seq2SeqConfig(side(3, 6, 10), side(2, 8, 14), false, false, 1, false);

        ForwardCost first = ForwardCost.of(config, 2, 7, 5, 0);
        ForwardCost later = ForwardCost.of(config, 2, 7, 1, 5);

        // Heads of 4 x 3 = 12 channels, a feed-forward block without a gate.
        long encoder =
                3
                        * (4 * (2 * 14 * 6 * 12)
                                + 2 * (2 * (2 * 4) * (7 * 7) * 3)
                                + 2 * (2 * 14 * 6 * 10));
        long self = 4 * (2 * 10 * 8 * 12) + 2 * (2 * (2 * 4) * (5 * 5) * 3);
        long queryAndOutput = 2 * (2 * 10 * 8 * 12);
        long memory = 2 * (2 * 14 * 6 * 12);
        long scoresAndSums = 2 * (2 * (2 * 4) * (5 * 7) * 3);
        long upDown = 2 * (2 * 10 * 8 * 14);
        long head = 2 * 10 * 8 * 11;
        assertThat(first.flops())
                .isEqualTo(
                        encoder
                                + 2 * (self + queryAndOutput + memory + scoresAndSums + upDown)
                                + head);
        assertThat(first.cacheElements()).isEqualTo(2 * 2 * (2 * 12 * (5 + 7)));
        long encoderLayer = 14 * (6 * 6 + 4 * 12 + 2 * 10) + 2 * (2 * 4 * 7 * 7);
        // three norms, three sublayers, three sums; self and cross heads; up and its activation
        long decoderLayer = 10 * (9 * 8 + 4 * 12 + 2 * 12 + 2 * 14) + 14 * (2 * 12);
        long weights = 2 * (2 * 4 * 5 * 5) + 2 * (2 * 4 * 5 * 7);
        assertThat(first.activationElements())
                .isEqualTo(3 * encoderLayer + 2 * (decoderLayer + weights) + 10 * 11);

        long step = 2 * 1;
        long laterLayer =
                4 * (2 * step * 8 * 12)
                        + 2 * (2 * (2 * 4) * (1 * 6) * 3)
                        + 2 * (2 * step * 8 * 12)
                        + 2 * (2 * (2 * 4) * (1 * 7) * 3)
                        + 2 * (2 * step * 8 * 14);
        assertThat(later.flops()).isEqualTo(2 * laterLayer + 2 * step * 8 * 11);
        assertThat(later.cacheElements()).isEqualTo(2 * 2 * (2 * 12 * (6 + 7)));
        assertThatThrownBy(() -> ForwardCost.of(config, 2, 0, 5, 0))
                .hasMessage("source (0) must be at least 1");
    }

    private static EncoderConfig side(int layers, int hiddenSize, int feedForwardSize) {
        return new EncoderConfig(
                EmbeddingConfig.builder().setVocabularySize(11).setContextLength(32).build(),
                StackConfig.builder()
                        .setHiddenSize(hiddenSize)
                        .setFeedForwardSize(feedForwardSize)
                        .setLayers(layers)
                        .setHeads(4)
                        .optHeadDim(3)
                        .build());
    }

    @Test
    void cost_sizesOutOfRange_areNamed() {
        assertThatThrownBy(() -> ForwardCost.of(smolLm(), 0, 1, 0))
                .hasMessage("batch (0) must be at least 1");
        assertThatThrownBy(() -> ForwardCost.of(smolLm(), 1, 1, -2))
                .hasMessage("past (-2) must not be negative");
    }
}

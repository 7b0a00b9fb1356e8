package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.StackConfig;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** DistilBERT: BERT without token types. */
final class DistilBertGoldenTest extends EncoderGoldens {

    DistilBertGoldenTest() throws IOException, MalformedModelException {
        super("hf/distilbert", config(), "logits");
    }

    private static EncoderConfig config() {
        return new EncoderConfig(
                EmbeddingConfig.builder().setVocabularySize(96).setContextLength(40).build(),
                StackConfig.builder()
                        .setHiddenSize(32)
                        .setFeedForwardSize(48)
                        .setLayers(2)
                        .setHeads(4)
                        .build());
    }

    @Override
    String tensor(String path) {
        return path.replaceFirst("^head\\.bias", "vocab_projector.bias")
                .replaceFirst("^head\\.dense\\.", "vocab_transform.")
                .replaceFirst("^head\\.norm\\.", "vocab_layer_norm.")
                .replaceFirst("^encoder\\.layers\\.", "distilbert.transformer.layer.")
                .replaceFirst("^encoder\\.embeddings\\.", "distilbert.embeddings.")
                .replace("embeddings.tokens.", "embeddings.word_embeddings.")
                .replace("embeddings.positions.", "embeddings.position_embeddings.")
                .replace("embeddings.norm.", "embeddings.LayerNorm.")
                .replace("attention.norm.", "sa_layer_norm.")
                .replaceAll("attention\\.sublayer\\.(q|k|v|o)[a-z]+\\.", "attention.$1_lin.")
                .replace("attention.o_lin.", "attention.out_lin.")
                .replace("feedForward.norm.", "output_layer_norm.")
                .replace("feedForward.sublayer.up.", "ffn.lin1.")
                .replace("feedForward.sublayer.down.", "ffn.lin2.");
    }

    @Test
    void names_ofTheModel_coverEveryTensor() {
        names.assertTotal(Encoders.maskedLanguageModel(config()));
    }
}

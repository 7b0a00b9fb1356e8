package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.StackConfig;
import java.io.IOException;

/** BART: post-norm, learned positions that start at row 2, a tied head with a bias. */
final class BartGoldenTest extends Seq2SeqGoldens {

    BartGoldenTest() throws IOException, MalformedModelException {
        super("hf/bart", config(), 2);
    }

    private static Seq2SeqConfig config() {
        EncoderConfig half =
                new EncoderConfig(
                        EmbeddingConfig.builder()
                                .setVocabularySize(96)
                                .setContextLength(40)
                                .optPositionOffset(2)
                                .build(),
                        StackConfig.builder()
                                .setHiddenSize(32)
                                .setFeedForwardSize(48)
                                .setLayers(2)
                                .setHeads(4)
                                .optNormEpsilon(1e-5)
                                .build());
        return new Seq2SeqConfig(half, half, true, true, 1, true);
    }

    @Override
    String tensor(String path) {
        return path.replace("encoder.embeddings.tokens.weight", "model.shared.weight")
                .replace("decoder.head.bias", "final_logits_bias")
                .replaceFirst("^encoder\\.", "model.encoder.")
                .replaceFirst("^decoder\\.", "model.decoder.")
                .replace("embeddings.positions.", "embed_positions.")
                .replace("embeddings.norm.", "layernorm_embedding.")
                .replace(".attention.norm.", ".self_attn_layer_norm.")
                .replace(".crossAttention.norm.", ".encoder_attn_layer_norm.")
                .replace(".feedForward.norm.", ".final_layer_norm.")
                .replaceAll("\\.attention\\.sublayer\\.(q|k|v)[a-z]+\\.", ".self_attn.$1_proj.")
                .replaceAll(
                        "\\.crossAttention\\.sublayer\\.(q|k|v)[a-z]+\\.", ".encoder_attn.$1_proj.")
                .replace(".attention.sublayer.output.", ".self_attn.out_proj.")
                .replace(".crossAttention.sublayer.output.", ".encoder_attn.out_proj.")
                .replace(".feedForward.sublayer.up.", ".fc1.")
                .replace(".feedForward.sublayer.down.", ".fc2.");
    }
}

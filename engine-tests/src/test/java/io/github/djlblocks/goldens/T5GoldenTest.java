package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.StackConfig;
import java.io.IOException;

/** T5: pre-norm, RMS norm, a learned bias by distance, unscaled scores, no biases, a tied head. */
final class T5GoldenTest extends Seq2SeqGoldens {

    T5GoldenTest() throws IOException, MalformedModelException {
        super("hf/t5", config(), 0);
    }

    private static Seq2SeqConfig config() {
        return new Seq2SeqConfig(half(true), half(false), true, true, 1 / Math.sqrt(32), false);
    }

    private static EncoderConfig half(boolean bidirectional) {
        return new EncoderConfig(
                EmbeddingConfig.builder()
                        .setVocabularySize(96)
                        .setContextLength(64)
                        .optPositions(EmbeddingConfig.Positions.NONE)
                        .optNorm(false)
                        .build(),
                StackConfig.builder()
                        .setHiddenSize(32)
                        .setFeedForwardSize(48)
                        .setLayers(2)
                        .setHeads(4)
                        .optNorm(StackConfig.Norm.RMS_NORM)
                        .optNormEpsilon(1e-6)
                        .optScheme(StackConfig.Scheme.PRE)
                        .optActivation(ActivationFunction.RELU)
                        .optBias(false)
                        .optAttentionScale(1)
                        .optBuckets(new BucketSpec(8, 10, bidirectional))
                        .build());
    }

    @Override
    String tensor(String path) {
        boolean encoder = path.startsWith("encoder.");
        return path.replace("encoder.embeddings.tokens.weight", "shared.weight")
                .replaceFirst("\\.norm\\.weight$", ".layer_norm.weight")
                .replaceFirst("^((en|de)coder)\\.layer_norm", "$1.final_layer_norm")
                .replaceFirst(
                        "^((en|de)coder)\\.positionBias\\.weight",
                        "$1.block.0.layer.0.SelfAttention.relative_attention_bias.weight")
                .replaceFirst("^((en|de)coder)\\.layers\\.", "$1.block.")
                .replaceAll(
                        "\\.attention\\.sublayer\\.(q|k|v|o)[a-z]+\\.",
                        ".layer.0.SelfAttention.$1.")
                .replaceAll(
                        "\\.crossAttention\\.sublayer\\.(q|k|v|o)[a-z]+\\.",
                        ".layer.1.EncDecAttention.$1.")
                .replace(".attention.layer_norm.", ".layer.0.layer_norm.")
                .replace(".crossAttention.layer_norm.", ".layer.1.layer_norm.")
                .replace(".feedForward.", encoder ? ".layer.1." : ".layer.2.")
                .replace(".sublayer.up.", ".DenseReluDense.wi.")
                .replace(".sublayer.down.", ".DenseReluDense.wo.");
    }
}

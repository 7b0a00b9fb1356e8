package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.head.SequenceClassificationHead;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.Encoder;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.HeadedEncoder;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** BERT: learned positions, token types, post-norm, GELU; its pretraining heads. */
final class BertGoldenTest extends EncoderGoldens {

    private static final int E = 32;

    BertGoldenTest() throws IOException, MalformedModelException {
        super("hf/bert", config(), "prediction_logits");
    }

    private static EncoderConfig config() {
        return new EncoderConfig(
                EmbeddingConfig.builder()
                        .setVocabularySize(96)
                        .setContextLength(40)
                        .optTypes(2)
                        .build(),
                StackConfig.builder()
                        .setHiddenSize(E)
                        .setFeedForwardSize(48)
                        .setLayers(2)
                        .setHeads(4)
                        .build());
    }

    @Override
    String tensor(String path) {
        return path.replaceFirst("^pooler\\.pooler\\.", "bert.pooler.")
                .replaceFirst("^pooler\\.", "bert.pooler.")
                .replaceFirst("^classifier\\.", "cls.seq_relationship.")
                .replaceFirst("^head\\.bias", "cls.predictions.bias")
                .replaceFirst("^head\\.dense\\.", "cls.predictions.transform.dense.")
                .replaceFirst("^head\\.norm\\.", "cls.predictions.transform.LayerNorm.")
                .replaceFirst("^encoder\\.layers\\.", "bert.encoder.layer.")
                .replaceFirst("^encoder\\.embeddings\\.", "bert.embeddings.")
                .replace("embeddings.tokens.", "embeddings.word_embeddings.")
                .replace("embeddings.positions.", "embeddings.position_embeddings.")
                .replace("embeddings.types.", "embeddings.token_type_embeddings.")
                .replace("embeddings.norm.", "embeddings.LayerNorm.")
                .replace("attention.norm.", "attention.output.LayerNorm.")
                .replace("attention.sublayer.output.", "attention.output.dense.")
                .replace("attention.sublayer.", "attention.self.")
                .replace("feedForward.norm.", "output.LayerNorm.")
                .replace("feedForward.sublayer.up.", "intermediate.dense.")
                .replace("feedForward.sublayer.down.", "output.dense.");
    }

    private static SequenceClassificationHead relation() {
        Pooler pooler =
                Pooler.of(
                        SequencePooling.of(Pooling.FIRST),
                        Linear.withBias(E, E),
                        ActivationFunction.TANH);
        return SequenceClassificationHead.of(pooler, Linear.withBias(E, 2));
    }

    @Test
    void names_ofModelAndHeads_coverEveryTensor() {
        names.assertTotal(Encoders.maskedLanguageModel(config()), relation());
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void pooler_everyScenario_givesItsOutputAndTheNextSentenceScores(
            NDManager manager, DataType dataType) {
        Encoder encoder = Encoders.encoder(config());
        new NamedWeights(weights, "", path -> tensor("encoder." + path))
                .load(encoder, manager, dataType, INPUT);
        SequenceClassificationHead relation = relation();
        names.load(relation, manager, dataType, new Shape(2, 11, E));
        Block pooler = relation.getChildren().get(0).getValue();
        HeadedEncoder model = HeadedEncoder.ofSequences(encoder, relation);
        CompiledRun.prepare(encoder, manager);
        CompiledRun.prepare(model, manager);
        var tolerance = GoldenTolerance.of(dataType, terms(config.stack(), 11));
        var single = GoldenTolerance.ofFloat32Run(dataType, terms(config.stack(), 11));
        for (String prefix : new String[] {"plain.", "left.", "right."}) {
            NDList inputs = inputs(prefix, manager);
            if (prefix.equals("left.")) {
                // The first token of a row that is padded on the left is padding.
                continue;
            }
            NDArray hidden = encoder.forward(store(manager), inputs, false).get(0);

            NDArray pooled = pooler.forward(store(manager), new NDList(hidden), false).get(0);
            NDArray scores = model.forward(store(manager), inputs, false).get(0);

            golden.assertClose(prefix + "pooler_output", pooled, single);
            golden.assertClose(prefix + "seq_relationship_logits", scores, tolerance);
        }
    }
}

package io.github.djlblocks.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.huggingface.TextTasks;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.RandomTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.io.TempDir;

/** Sentence embeddings against pooling on the host. */
final class TextEmbeddingTest {

    private static final int E = TinyEncoder.CHANNELS;
    private static final List<String> TEXTS = List.of("The cats sat", "a dog", "a dog ran on mats");
    private static final long[][] IDS = {
        {2, 5, 6, 10, 7, 3}, {2, 11, 12, 3}, {2, 11, 12, 13, 8, 9, 10, 3}
    };

    @TempDir Path directory;

    private Criteria.Builder<String, float[]> criteria(EngineUnderTest engine) {
        return TextTasks.textEmbedding(directory, engine.engineName(), engine.device());
    }

    private void write(EngineUnderTest engine, String pooling, String... modules) throws Exception {
        // A head in the checkpoint is in nobody's way.
        TinyEncoder.write(engine, directory, "BertForMaskedLM", "");
        Path folder = Files.createDirectories(directory.resolve("1_Pooling"));
        Files.writeString(folder.resolve("config.json"), "{" + pooling + "}");
        StringBuilder list = new StringBuilder();
        for (String module : modules) {
            list.append(list.isEmpty() ? "" : ", ").append(module);
        }
        if (!list.isEmpty()) {
            Files.writeString(directory.resolve("modules.json"), "[" + list + "]");
        }
    }

    private static String module(String type, String path) {
        return "{\"idx\": 0, \"name\": \"0\", \"path\": \""
                + path
                + "\", \"type\": \"sentence_transformers.models."
                + type
                + "\"}";
    }

    private double[][] hidden(EngineUnderTest engine, long... ids) throws Exception {
        double[] flat = TinyEncoder.outputs(engine, directory, false, 0, ids)[0];
        double[][] rows = new double[ids.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(flat, i * E, (i + 1) * E);
        }
        return rows;
    }

    /** {@code sum_s w_s x_s}. */
    private static double[] weighted(double[][] rows, Function<Integer, Double> weight) {
        double[] sum = new double[E];
        for (int s = 0; s < rows.length; s++) {
            for (int i = 0; i < E; i++) {
                sum[i] += weight.apply(s) * rows[s][i];
            }
        }
        return sum;
    }

    private static double[] largest(double[][] rows) {
        double[] largest = rows[0].clone();
        for (double[] row : rows) {
            for (int i = 0; i < E; i++) {
                largest[i] = Math.max(largest[i], row[i]);
            }
        }
        return largest;
    }

    private void checkMode(
            EngineUnderTest engine, String fields, Function<double[][], double[]> formula)
            throws Exception {
        write(engine, fields);
        check(engine, criteria(engine), formula);
    }

    private void check(
            EngineUnderTest engine,
            Criteria.Builder<String, float[]> criteria,
            Function<double[][], double[]> formula)
            throws Exception {
        try (ZooModel<String, float[]> model = criteria.build().loadModel();
                Predictor<String, float[]> predictor = model.newPredictor()) {
            List<float[]> vectors = predictor.batchPredict(TEXTS);
            assertThat(vectors).hasSize(3);
            for (int i = 0; i < IDS.length; i++) {
                close(vectors.get(i), formula.apply(hidden(engine, IDS[i])));
            }
            close(predictor.predict(TEXTS.get(1)), formula.apply(hidden(engine, IDS[1])));
        }
    }

    private static void close(float[] found, double[] expected) {
        assertThat(found).hasSize(expected.length);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).as("channel %d", i).isCloseTo(expected[i], within(2e-5));
        }
    }

    private static String only(String mode) {
        return "\"pooling_mode_mean_tokens\": false, \"pooling_mode_" + mode + "\": true";
    }

    @EachEngine
    void everyMode_ofTextsOfDifferentLengths_isThatOfEachAlone(EngineUnderTest engine)
            throws Exception {
        checkMode(
                engine,
                "\"word_embedding_dimension\": 12, \"pooling_mode_mean_tokens\": true",
                rows -> weighted(rows, s -> 1.0 / rows.length));
        checkMode(engine, only("cls_token"), rows -> rows[0]);
        checkMode(engine, only("max_tokens"), TextEmbeddingTest::largest);
        checkMode(engine, only("lasttoken"), rows -> rows[rows.length - 1]);
        checkMode(
                engine,
                only("mean_sqrt_len_tokens"),
                rows -> weighted(rows, s -> 1 / Math.sqrt(rows.length)));
        checkMode(
                engine,
                only("weightedmean_tokens"),
                rows -> {
                    double all = rows.length * (rows.length + 1) / 2.0;
                    return weighted(rows, s -> (s + 1) / all);
                });
        checkMode(
                engine,
                "\"pooling_mode_cls_token\": true",
                rows -> {
                    double[] both = Arrays.copyOf(rows[0], 2 * E);
                    double[] mean = weighted(rows, s -> 1.0 / rows.length);
                    System.arraycopy(mean, 0, both, E, E);
                    return both;
                });
    }

    @EachEngine
    void modules_denseAndNormalize_followPooling(EngineUnderTest engine) throws Exception {
        write(
                engine,
                only("cls_token"),
                module("Transformer", ""),
                module("Pooling", "1_Pooling"),
                module("Dense", "2_Dense"),
                module("Normalize", "3_Normalize"));
        double[] weight = RandomTensors.rounded(RandomTensors.normal(3, 4, E), DataType.FLOAT32);
        double[] bias = RandomTensors.rounded(RandomTensors.normal(4, 4), DataType.FLOAT32);
        Path folder = Files.createDirectories(directory.resolve("2_Dense"));
        Files.writeString(
                folder.resolve("config.json"),
                """
                {"in_features": 12, "out_features": 4, "bias": true,
                 "activation_function": "torch.nn.modules.activation.Tanh"}
                """);
        try (NDManager manager = engine.newManager()) {
            new SafetensorsWriter()
                    .add(
                            "linear.weight",
                            RandomTensors.toNDArray(
                                    manager, weight, new Shape(4, E), DataType.FLOAT32))
                    .add(
                            "linear.bias",
                            RandomTensors.toNDArray(manager, bias, new Shape(4), DataType.FLOAT32))
                    .write(folder.resolve("model.safetensors"));
        }
        check(
                engine,
                criteria(engine),
                rows -> {
                    double[] y = new double[4];
                    double squares = 0;
                    for (int out = 0; out < y.length; out++) {
                        double sum = bias[out];
                        for (int i = 0; i < E; i++) {
                            sum += weight[out * E + i] * rows[0][i];
                        }
                        y[out] = Math.tanh(sum);
                        squares += y[out] * y[out];
                    }
                    for (int out = 0; out < y.length; out++) {
                        y[out] /= Math.sqrt(squares);
                    }
                    return y;
                });
    }

    @EachEngine
    void prompt_leftOutOfPooling_standsBeforeTheText(EngineUnderTest engine) throws Exception {
        write(engine, "\"include_prompt\": false");
        Files.writeString(
                directory.resolve("modules.json"),
                "[" + module("Transformer", "") + ", " + module("Pooling", "1_Pooling") + "]");
        Files.writeString(
                directory.resolve("config_sentence_transformers.json"),
                """
                {"prompts": {"query": "query: ", "none": ""}, "default_prompt_name": "query"}
                """);
        double[][] rows = hidden(engine, 2, 14, 15, 11, 12, 3);
        double[] expected = weighted(Arrays.copyOfRange(rows, 3, 6), s -> 1.0 / 3);
        double[][] plain = hidden(engine, 2, 11, 12, 3);
        try (ZooModel<String, float[]> model = criteria(engine).build().loadModel();
                Predictor<String, float[]> predictor = model.newPredictor()) {
            close(predictor.batchPredict(TEXTS).get(1), expected);
        }
        try (ZooModel<String, float[]> model =
                        criteria(engine).optArgument("promptName", "none").build().loadModel();
                Predictor<String, float[]> predictor = model.newPredictor()) {
            close(predictor.predict("a dog"), weighted(plain, s -> 0.25));
        }
    }

    @EachEngine
    void longText_isCutAtMaxSeqLength_orRefused(EngineUnderTest engine) throws Exception {
        write(engine, only("lasttoken"));
        Files.writeString(
                directory.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 5}");
        double[][] rows = hidden(engine, 2, 11, 12, 13, 3);
        try (ZooModel<String, float[]> model = criteria(engine).build().loadModel();
                Predictor<String, float[]> predictor = model.newPredictor()) {
            close(predictor.predict("a dog ran on mats"), rows[4]);
        }
        try (ZooModel<String, float[]> model =
                        criteria(engine).optArgument("truncation", "false").build().loadModel();
                Predictor<String, float[]> predictor = model.newPredictor()) {
            assertThatThrownBy(() -> predictor.predict("a dog ran on mats"))
                    .isInstanceOf(TranslateException.class)
                    .hasMessageContaining(
                            "the text gives 8 tokens, but the model takes 5 at most: shorten it, or"
                                    + " set argument truncation to true");
        }
    }

    @EachEngine
    void errors_ofFilesThatDoNotFit_nameThem(EngineUnderTest engine) throws Exception {
        write(engine, "");
        Path tokenizer = directory.resolve("tokenizer.json");
        String whole = Files.readString(tokenizer);
        Files.writeString(tokenizer, whole.replace("\"dog\": 12", "\"dog\": 31"));
        assertThatThrownBy(() -> predict(engine, "a dog"))
                .hasStackTraceContaining(
                        "tokenizer.json has the token 'dog' of id 31, but the model knows 16"
                                + " tokens: the tokenizer belongs to another model");
        Files.delete(tokenizer);
        assertThatThrownBy(() -> predict(engine, "a dog"))
                .hasStackTraceContaining(
                        "tokenizer.json is missing: text needs the tokenizer of the model");
        Files.writeString(tokenizer, whole);
        Files.writeString(
                directory.resolve("modules.json"), "[" + module("WordWeights", "2") + "]");
        assertThatThrownBy(() -> predict(engine, "a dog"))
                .hasStackTraceContaining(
                        "type 'sentence_transformers.models.WordWeights' is not implemented; known:"
                                + " Dense, Normalize, Pooling, Transformer");
    }

    private float[] predict(EngineUnderTest engine, String text) throws Exception {
        try (ZooModel<String, float[]> model = criteria(engine).build().loadModel();
                Predictor<String, float[]> predictor = model.newPredictor()) {
            return predictor.predict(text);
        }
    }
}

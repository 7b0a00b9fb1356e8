package io.github.djlblocks.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.nlp.qa.QAInput;
import ai.djl.modality.nlp.translator.NamedEntity;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.util.StringPair;
import io.github.djlblocks.huggingface.TextTasks;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Tasks of heads against scores computed on the host. */
final class TextTasksTest {

    private static final String LABELS =
            ", \"id2label\": {\"0\": \"O\", \"1\": \"B\", \"2\": \"C\"}";
    private static final double CLOSE = 2e-5;

    @TempDir Path directory;

    private interface Use<I, O> {
        void accept(Predictor<I, O> predictor) throws Exception;
    }

    private static <I, O> void with(Criteria.Builder<I, O> criteria, Use<I, O> use)
            throws Exception {
        try (ZooModel<I, O> model = criteria.build().loadModel();
                Predictor<I, O> predictor = model.newPredictor()) {
            use.accept(predictor);
        }
    }

    private static double[] softmax(double... x) {
        double[] e = Arrays.stream(x).map(Math::exp).toArray();
        double sum = Arrays.stream(e).sum();
        return Arrays.stream(e).map(v -> v / sum).toArray();
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @EachEngine
    void fillMask_batchOfTwo_givesTheLikeliestTokens(EngineUnderTest engine) throws Exception {
        TinyEncoder.write(engine, directory, "BertForMaskedLM", "");
        double[] logits = TinyEncoder.outputs(engine, directory, true, 0, 2, 5, 4, 7, 3)[0];
        double[] scores = softmax(Arrays.copyOfRange(logits, 2 * 16, 3 * 16));
        String[] words = {
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "##s",
            "a", "dog", "ran", "query", ":"
        };
        with(
                TextTasks.fillMask(directory, engine.engineName(), engine.device())
                        .optArgument("topK", "16"),
                predictor -> {
                    List<String> texts = List.of("the [MASK] sat", "[MASK] a dog ran");
                    Classifications found = predictor.batchPredict(texts).get(0);
                    assertThat(found.items()).hasSize(16);
                    for (int i = 0; i < words.length; i++) {
                        assertThat(probability(found, words[i]))
                                .as(words[i])
                                .isCloseTo(scores[i], within(CLOSE));
                    }
                    assertThatThrownBy(() -> predictor.predict("the cat"))
                            .hasMessageContaining("the text has 0 mask tokens");
                });
    }

    private static double probability(Classifications found, String name) {
        String bare = name.replace("##", "");
        return found.items().stream()
                .filter(
                        item ->
                                item.getClassName().equals(name)
                                        || item.getClassName().equals(bare))
                .findFirst()
                .orElseThrow()
                .getProbability();
    }

    @EachEngine
    void textClassification_byProblemType_givesSoftmaxSigmoidOrLogits(EngineUnderTest engine)
            throws Exception {
        for (String type :
                List.of(
                        "single_label_classification",
                        "multi_label_classification",
                        "regression")) {
            TinyEncoder.write(
                    engine,
                    directory,
                    "BertForSequenceClassification",
                    LABELS + ", \"problem_type\": \"" + type + "\"");
            double[] logits = TinyEncoder.outputs(engine, directory, true, 0, 2, 11, 12, 3)[0];
            double[] expected =
                    switch (type) {
                        case "regression" -> logits;
                        case "multi_label_classification" ->
                                Arrays.stream(logits).map(TextTasksTest::sigmoid).toArray();
                        default -> softmax(logits);
                    };
            with(
                    TextTasks.textClassification(directory, engine.engineName(), engine.device()),
                    predictor -> {
                        Classifications found =
                                predictor
                                        .batchPredict(List.of("the cats sat on mats", "a dog"))
                                        .get(1);
                        String[] names = {"O", "B", "C"};
                        for (int i = 0; i < names.length; i++) {
                            assertThat(found.get(names[i]).getProbability())
                                    .as(type + " " + names[i])
                                    .isCloseTo(expected[i], within(CLOSE));
                        }
                    });
        }
    }

    @EachEngine
    void tokenClassification_labelledTokens_areFoundInTheText(EngineUnderTest engine)
            throws Exception {
        TinyEncoder.write(engine, directory, "BertForTokenClassification", LABELS);
        String text = "\uD83D\uDE00 The cats sat";
        double[] logits = TinyEncoder.outputs(engine, directory, true, 0, 2, 1, 5, 6, 10, 7, 3)[0];
        int[] starts = {0, 0, 3, 7, 10, 12, 0};
        int[] ends = {0, 2, 6, 10, 11, 15, 0};
        String[] labels = {"O", "B", "C"};
        with(
                TextTasks.tokenClassification(directory, engine.engineName(), engine.device()),
                predictor -> {
                    NamedEntity[] found = predictor.batchPredict(List.of("a", text)).get(1);
                    int at = 0;
                    for (int token = 1; token < 6; token++) {
                        double[] scores =
                                softmax(Arrays.copyOfRange(logits, token * 3, token * 3 + 3));
                        int best = 0;
                        for (int i = 1; i < 3; i++) {
                            best = scores[i] > scores[best] ? i : best;
                        }
                        if (best > 0) {
                            NamedEntity entity = found[at++];
                            assertThat(entity.getEntity()).isEqualTo(labels[best]);
                            assertThat((double) entity.getScore())
                                    .isCloseTo(scores[best], within(CLOSE));
                            assertThat(entity.getIndex()).isEqualTo(token);
                            assertThat(entity.getStart()).isEqualTo(starts[token]);
                            assertThat(entity.getEnd()).isEqualTo(ends[token]);
                        }
                    }
                    assertThat(found).hasSize(at).isNotEmpty();
                });
    }

    @EachEngine
    void questionAnswering_bestSpanOfTheParagraph_isTheAnswer(EngineUnderTest engine)
            throws Exception {
        TinyEncoder.write(engine, directory, "BertForQuestionAnswering", "");
        // [CLS] the dog [SEP] the cat ##s sat on [SEP]
        double[][] outputs =
                TinyEncoder.outputs(engine, directory, true, 6, 2, 5, 12, 3, 5, 6, 10, 7, 8, 3);
        String paragraph = "the cats sat on";
        int[] starts = {0, 4, 7, 9, 13};
        int[] ends = {3, 7, 8, 12, 15};
        String expected = "";
        double best = Double.NEGATIVE_INFINITY;
        for (int first = 0; first < 5; first++) {
            for (int last = first; last < Math.min(5, first + 2); last++) {
                double score = outputs[0][4 + first] + outputs[1][4 + last];
                if (score > best) {
                    best = score;
                    expected = paragraph.substring(starts[first], ends[last]);
                }
            }
        }
        String answer = expected;
        with(
                TextTasks.questionAnswering(directory, engine.engineName(), engine.device())
                        .optArgument("maxAnswerTokens", "2"),
                predictor -> {
                    List<QAInput> inputs =
                            List.of(
                                    new QAInput("the dog", paragraph),
                                    new QAInput("a", "a cat sat on the mat"));
                    assertThat(predictor.batchPredict(inputs).get(0)).isEqualTo(answer);
                    assertThat(predictor.predict(inputs.get(0))).isEqualTo(answer);
                });
    }

    @EachEngine
    void reranking_pairs_giveSigmoidUnlessTheConfigSaysIdentity(EngineUnderTest engine)
            throws Exception {
        String one = ", \"id2label\": {\"0\": \"score\"}";
        String identity =
                ", \"sbert_ce_default_activation_function\": \"torch.nn.modules.linear.Identity\"";
        for (String fields : List.of(one, one + identity)) {
            TinyEncoder.write(engine, directory, "BertForSequenceClassification", fields);
            double logit =
                    TinyEncoder.outputs(engine, directory, true, 3, 2, 5, 12, 3, 5, 6, 3)[0][0];
            double expected = fields.equals(one) ? sigmoid(logit) : logit;
            with(
                    TextTasks.reranking(directory, engine.engineName(), engine.device()),
                    predictor -> {
                        List<StringPair> pairs =
                                List.of(
                                        new StringPair("the dog", "a cat sat"),
                                        new StringPair("the dog", "the cat"));
                        float[] scores = predictor.batchPredict(pairs).get(1);
                        assertThat(scores).hasSize(1);
                        assertThat((double) scores[0]).isCloseTo(expected, within(CLOSE));
                    });
        }
    }

    @EachEngine
    void wrongHead_isRefusedByName(EngineUnderTest engine) throws Exception {
        TinyEncoder.write(engine, directory, "BertForMaskedLM", "");
        Files.writeString(directory.resolve("unused.txt"), "");
        assertThatThrownBy(
                        () ->
                                with(
                                        TextTasks.questionAnswering(
                                                directory, engine.engineName(), engine.device()),
                                        predictor -> {}))
                .hasStackTraceContaining(
                        "the model is a BertForMaskedLM, but this task needs one whose class ends"
                                + " in ForQuestionAnswering");
    }
}

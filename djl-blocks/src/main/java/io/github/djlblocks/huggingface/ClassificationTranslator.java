package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.modality.Classifications;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.family.ModelDescription;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The labels of a text, the likeliest first. */
final class ClassificationTranslator extends TextTaskTranslator<String, Classifications> {

    private static final Set<String> TYPES =
            Set.of("", "regression", "single_label_classification", "multi_label_classification");

    ClassificationTranslator(ModelDescription model, Map<String, ?> arguments) {
        super(model, arguments, false);
        if (!TYPES.contains(model.problemType())) {
            throw new IllegalArgumentException(
                    "problem_type '"
                            + model.problemType()
                            + "' is not known: use regression, single_label_classification or"
                            + " multi_label_classification");
        }
    }

    @Override
    Encoding encode(TextEncoder texts, String input) {
        return texts.encode(input);
    }

    @Override
    List<Classifications> results(Batch<String> batch, NDList outputs) {
        List<Classifications> results = new ArrayList<>();
        for (float[] logits : rows(outputs.get(0))) {
            double[] scores = scores(logits);
            List<String> names = new ArrayList<>();
            List<Double> values = new ArrayList<>();
            for (int label : Scores.largest(scores, scores.length)) {
                names.add(model().labels().get(label));
                values.add(scores[label]);
            }
            results.add(new Classifications(names, values));
        }
        return results;
    }

    private double[] scores(float... logits) {
        boolean several = model().problemType().equals("multi_label_classification");
        if (model().problemType().equals("regression")) {
            return Scores.same(logits);
        }
        return several || logits.length == 1
                ? Scores.sigmoid(logits)
                : Scores.softmax(logits, 0, logits.length);
    }
}

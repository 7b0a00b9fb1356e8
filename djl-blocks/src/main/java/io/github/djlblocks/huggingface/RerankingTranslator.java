package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.ndarray.NDList;
import ai.djl.util.StringPair;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.ConfigReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The scores of a pair of texts, as {@code sentence_transformers.CrossEncoder} has them. */
final class RerankingTranslator extends TextTaskTranslator<StringPair, float[]> {

    private static final String OLD_FIELD = "sbert_ce_default_activation_function";

    private final boolean sigmoid;

    RerankingTranslator(ModelDescription model, Path directory, Map<String, ?> arguments)
            throws IOException {
        super(model, arguments, true);
        ConfigReader json = ConfigReader.of(directory.resolve(Families.CONFIG_FILE));
        ConfigReader own = json.object("sentence_transformers");
        String name = own.text("activation_fn", json.text(OLD_FIELD, ""));
        String simple = name.substring(name.lastIndexOf('.') + 1);
        sigmoid =
                switch (simple) {
                    case "" -> model.labels().size() == 1;
                    case "Sigmoid" -> true;
                    case "Identity" -> false;
                    default ->
                            throw json.unknown(
                                    "activation of the cross-encoder",
                                    name,
                                    Set.of("Sigmoid", "Identity"));
                };
    }

    @Override
    Encoding encode(TextEncoder texts, StringPair input) {
        return texts.encode(input.getKey(), input.getValue());
    }

    @Override
    List<float[]> results(Batch<StringPair> batch, NDList outputs) {
        List<float[]> results = new ArrayList<>();
        for (float[] logits : rows(outputs.get(0))) {
            if (sigmoid) {
                double[] scores = Scores.sigmoid(logits);
                for (int i = 0; i < logits.length; i++) {
                    logits[i] = (float) scores[i];
                }
            }
            results.add(logits);
        }
        return results;
    }
}

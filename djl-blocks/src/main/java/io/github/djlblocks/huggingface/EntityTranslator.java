package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.modality.nlp.translator.NamedEntity;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.family.ModelDescription;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The tokens of a text whose label is not O. */
final class EntityTranslator extends TextTaskTranslator<String, NamedEntity[]> {

    private static final String OUTSIDE = "O";

    EntityTranslator(ModelDescription model, Map<String, ?> arguments) {
        super(model, arguments, false);
    }

    @Override
    Encoding encode(TextEncoder texts, String input) {
        return texts.encode(input);
    }

    @Override
    List<NamedEntity[]> results(Batch<String> batch, NDList outputs) {
        float[][] logits = rows(outputs.get(0));
        List<NamedEntity[]> results = new ArrayList<>();
        for (int row = 0; row < logits.length; row++) {
            results.add(entities(batch.inputs().get(row), batch.encodings().get(row), logits[row]));
        }
        return results;
    }

    private NamedEntity[] entities(String text, Encoding encoding, float... logits) {
        List<String> labels = model().labels();
        TextSpans spans = new TextSpans(text);
        List<NamedEntity> entities = new ArrayList<>();
        for (int token = 0; token < encoding.getIds().length; token++) {
            double[] scores = Scores.softmax(logits, token * labels.size(), labels.size());
            int best = Scores.largest(scores, 1).get(0);
            boolean special = encoding.getSpecialTokenMask()[token] == 1;
            if (!special && !labels.get(best).equals(OUTSIDE)) {
                int start = spans.start(encoding, token);
                entities.add(
                        new NamedEntity(
                                labels.get(best),
                                (float) scores[best],
                                token,
                                encoding.getTokens()[token],
                                start,
                                spans.end(encoding, token)));
            }
        }
        return entities.toArray(NamedEntity[]::new);
    }
}

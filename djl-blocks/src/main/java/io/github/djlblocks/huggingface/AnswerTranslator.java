package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.modality.nlp.qa.QAInput;
import ai.djl.ndarray.NDList;
import ai.djl.translate.ArgumentsUtil;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.Checks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The part of a paragraph that answers a question. */
final class AnswerTranslator extends TextTaskTranslator<QAInput, String> {

    private static final int DEFAULT_TOKENS = 15;

    private final int maxTokens;

    AnswerTranslator(ModelDescription model, Map<String, ?> arguments) {
        super(model, arguments, false);
        maxTokens =
                Checks.positive(
                        "maxAnswerTokens",
                        ArgumentsUtil.intValue(arguments, "maxAnswerTokens", DEFAULT_TOKENS));
    }

    @Override
    Encoding encode(TextEncoder texts, QAInput input) {
        return texts.encode(input.getQuestion(), input.getParagraph());
    }

    @Override
    List<String> results(Batch<QAInput> batch, NDList outputs) {
        float[][] starts = rows(outputs.get(0));
        float[][] ends = rows(outputs.get(1));
        List<String> results = new ArrayList<>();
        for (int row = 0; row < starts.length; row++) {
            String paragraph = batch.inputs().get(row).getParagraph();
            results.add(answer(paragraph, batch.encodings().get(row), starts[row], ends[row]));
        }
        return results;
    }

    private String answer(String paragraph, Encoding encoding, float[] starts, float[] ends) {
        long[] texts = encoding.getSequenceIds();
        int tokens = encoding.getIds().length;
        int first = -1;
        int last = -1;
        double best = Double.NEGATIVE_INFINITY;
        for (int start = 0; start < tokens; start++) {
            for (int end = start; end < Math.min(tokens, start + maxTokens); end++) {
                boolean inside = texts[start] == 1 && texts[end] == 1;
                double score = (double) starts[start] + ends[end];
                if (inside && score > best) {
                    best = score;
                    first = start;
                    last = end;
                }
            }
        }
        if (first < 0) {
            throw new IllegalArgumentException(
                    "the paragraph gives no token to answer with: write at least one character");
        }
        TextSpans spans = new TextSpans(paragraph);
        return paragraph.substring(spans.start(encoding, first), spans.end(encoding, last));
    }
}

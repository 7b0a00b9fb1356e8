package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.modality.Classifications;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.translate.ArgumentsUtil;
import ai.djl.translate.TranslatorContext;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.Checks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The likeliest tokens in the place of a mask. */
final class FillMaskTranslator extends TextTaskTranslator<String, Classifications> {

    private static final int DEFAULT_TOKENS = 5;

    private final int topK;
    private final List<String> candidates;
    private long maskId = -1;

    FillMaskTranslator(ModelDescription model, Path directory, Map<String, ?> arguments)
            throws IOException {
        super(model, arguments, false);
        topK = Checks.positive("topK", ArgumentsUtil.intValue(arguments, "topK", DEFAULT_TOKENS));
        Object given = arguments.get("maskToken");
        String named = given == null ? maskToken(directory) : given.toString();
        candidates = named == null ? List.of("[MASK]", "<mask>") : List.of(named);
    }

    private static @Nullable String maskToken(Path directory) throws IOException {
        Path file = directory.resolve("tokenizer_config.json");
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            JsonElement token = json.get("mask_token");
            if (token != null && token.isJsonObject()) {
                token = token.getAsJsonObject().get("content");
            }
            return token == null || token.isJsonNull() ? null : token.getAsString();
        } catch (JsonParseException | IllegalStateException e) {
            throw new IOException(file + " is not a JSON object with a mask_token", e);
        }
    }

    @Override
    public synchronized void prepare(TranslatorContext context) throws IOException {
        super.prepare(context);
        for (String candidate : candidates) {
            Encoding encoding = texts().tokenizer().encode(candidate, false, false);
            long[] ids = encoding.getIds();
            if (ids.length == 1 && encoding.getTokens()[0].equals(candidate)) {
                maskId = ids[0];
                return;
            }
        }
        throw new IllegalArgumentException(
                "the tokenizer has none of the mask tokens "
                        + candidates
                        + ": name it in argument maskToken");
    }

    @Override
    Encoding encode(TextEncoder texts, String input) {
        Encoding encoding = texts.encode(input);
        place(encoding);
        return encoding;
    }

    private int place(Encoding encoding) {
        int place = -1;
        int count = 0;
        for (int i = 0; i < encoding.getIds().length; i++) {
            if (encoding.getIds()[i] == maskId) {
                place = i;
                count++;
            }
        }
        if (count != 1) {
            throw new IllegalArgumentException(
                    "the text has "
                            + count
                            + " mask tokens, but one is filled in at a time: write "
                            + String.join(" or ", candidates)
                            + " once");
        }
        return place;
    }

    @Override
    List<Classifications> results(Batch<String> batch, NDList outputs) {
        NDArray logits = outputs.get(0);
        List<Classifications> results = new ArrayList<>();
        for (int row = 0; row < batch.encodings().size(); row++) {
            int at = place(batch.encodings().get(row));
            NDArray one = logits.get(new NDIndex(row + ":" + (row + 1) + ", " + at));
            float[] values = rows(one)[0];
            double[] scores = Scores.softmax(values, 0, values.length);
            List<String> names = new ArrayList<>();
            List<Double> probabilities = new ArrayList<>();
            for (int token : Scores.largest(scores, topK)) {
                names.add(texts().tokenizer().decode(new long[] {token}, false).trim());
                probabilities.add(scores[token]);
            }
            results.add(new Classifications(names, probabilities));
        }
        return results;
    }
}

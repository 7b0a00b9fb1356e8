package io.github.djlblocks.huggingface;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.model.Encoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Texts as the inputs of an encoder. */
final class TextEncoder implements AutoCloseable {

    private final HuggingFaceTokenizer tokenizer;
    private final int longest;
    private final boolean types;
    private final long paddingId;

    private TextEncoder(HuggingFaceTokenizer tokenizer, Encoder encoder, int longest) {
        this.tokenizer = tokenizer;
        this.longest = longest;
        // A table of one row is no choice: the reference does not give types then.
        types = encoder.getTypes() > 1;
        paddingId = encoder.getPaddingId().orElse(0);
    }

    /**
     * Reads tokenizer.json.
     *
     * @param longest the most tokens of a text
     * @param truncate whether longer texts are cut; they are refused otherwise
     */
    static TextEncoder of(Path directory, Encoder encoder, int longest, boolean truncate)
            throws IOException {
        Path file = TokenizerFile.check(directory, encoder.getTokens().getVocabularySize());
        String length = Integer.toString(longest);
        HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(
                        file,
                        Map.of(
                                "truncation",
                                Boolean.toString(truncate),
                                "padding",
                                "false",
                                "maxLength",
                                length,
                                "modelMaxLength",
                                length));
        return new TextEncoder(tokenizer, encoder, longest);
    }

    HuggingFaceTokenizer tokenizer() {
        return tokenizer;
    }

    Encoding encode(String text) {
        return checked(tokenizer.encode(text));
    }

    Encoding encode(String first, String second) {
        return checked(tokenizer.encode(first, second));
    }

    private Encoding checked(Encoding encoding) {
        long[] ids = encoding.getIds();
        if (ids.length == 0) {
            throw new IllegalArgumentException(
                    "the text gives no token: write at least one character");
        }
        if (ids.length > longest) {
            throw new IllegalArgumentException(
                    "the text gives "
                            + ids.length
                            + " tokens, but the model takes "
                            + longest
                            + " at most: shorten it, or set argument truncation to true");
        }
        return encoding;
    }

    /** Ids, mask, and types if the model has some; (B, S), padded on the right. */
    NDList inputs(NDManager manager, List<Encoding> encodings) {
        int length = 0;
        for (Encoding encoding : encodings) {
            length = Math.max(length, encoding.getIds().length);
        }
        int batch = encodings.size();
        long[] ids = new long[batch * length];
        Arrays.fill(ids, paddingId);
        long[] mask = new long[ids.length];
        long[] typeIds = new long[ids.length];
        for (int row = 0; row < batch; row++) {
            Encoding encoding = encodings.get(row);
            int tokens = encoding.getIds().length;
            System.arraycopy(encoding.getIds(), 0, ids, row * length, tokens);
            System.arraycopy(encoding.getTypeIds(), 0, typeIds, row * length, tokens);
            Arrays.fill(mask, row * length, row * length + tokens, 1);
        }
        Shape shape = new Shape(batch, length);
        NDArray tokens = manager.create(ids, shape);
        NDArray stands = manager.create(mask, shape);
        return types
                ? new NDList(tokens, stands, manager.create(typeIds, shape))
                : new NDList(tokens, stands);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}

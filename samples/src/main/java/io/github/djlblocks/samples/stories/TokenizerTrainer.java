package io.github.djlblocks.samples.stories;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Trains a byte-level byte-pair vocabulary and writes it as Hugging Face tokenizer files.
 *
 * <p>The code is this project's own because no Java library trains such a vocabulary: DJL's {@code
 * HuggingFaceTokenizer} only runs one.
 *
 * <p>The ids: {@code <unk>} 0, {@code <s>} 1, {@code </s>} 2 as in Llama, then the 256 bytes in
 * order, then the merges in order. With all bytes in the vocabulary any text can be encoded and
 * {@code <unk>} never occurs; it also serves as padding. Encoding puts one {@code <s>} in front.
 *
 * <p>Decoding is exact: no space is added or removed at either end, a space belongs to the word
 * that follows it. Tokens within ASCII can be decoded one by one and joined. A character beyond
 * ASCII may span several tokens, so a streaming decoder should decode all ids so far and take what
 * is new, holding back a U+FFFD at the end until the next id.
 *
 * <p>The file asks for no truncation, yet {@code HuggingFaceTokenizer} cuts inputs at 512 tokens
 * unless its {@code truncation} option is {@code "false"}.
 *
 * <p>Sources: arXiv:1508.07909 (byte-pair encoding), the {@code tokenizers} library of Hugging Face
 * (file format, {@code ByteLevel}). Deviation from that library's trainer: of pairs equally
 * frequent the one first in order of characters is merged first.
 */
public final class TokenizerTrainer {

    /** The token for what has no token, and the padding. */
    public static final String UNKNOWN = "<unk>";

    /** The token that begins every sequence. */
    public static final String BEGIN = "<s>";

    /** The token that ends a story. */
    public static final String END = "</s>";

    /** The id of {@link #UNKNOWN}. */
    public static final int UNKNOWN_ID = 0;

    /** The id of {@link #BEGIN}. */
    public static final int BEGIN_ID = 1;

    /** The id of {@link #END}. */
    public static final int END_ID = 2;

    private static final List<String> SPECIAL = List.of(UNKNOWN, BEGIN, END);
    private static final Gson GSON =
            new GsonBuilder().disableHtmlEscaping().setPrettyPrinting().serializeNulls().create();

    private final Map<String, Integer> vocabulary = new LinkedHashMap<>();
    private final List<BytePairs.Pair> merges;

    private TokenizerTrainer(List<BytePairs.Pair> merges) {
        this.merges = List.copyOf(merges);
        SPECIAL.forEach(this::add);
        BytePairs.byteSymbols().forEach(this::add);
        merges.forEach(pair -> add(pair.merged()));
    }

    /**
     * Learns a vocabulary. The same texts give the same vocabulary, in whatever order they come.
     *
     * @param texts the corpus
     * @param vocabularySize the number of tokens, special tokens and bytes included; at least 259
     * @return the trained tokenizer, ready to be written
     * @throws IllegalArgumentException if the size is too small for the bytes, or so large that the
     *     corpus has too few pairs to merge
     */
    public static TokenizerTrainer train(Iterable<String> texts, int vocabularySize) {
        int fixed = SPECIAL.size() + BytePairs.byteSymbols().size();
        if (vocabularySize < fixed) {
            throw new IllegalArgumentException(
                    "vocabularySize ("
                            + vocabularySize
                            + ") must be at least "
                            + fixed
                            + ": "
                            + SPECIAL.size()
                            + " special tokens and 256 bytes");
        }
        int wanted = vocabularySize - fixed;
        List<BytePairs.Pair> merges = BytePairs.learn(BytePairs.countWords(texts), wanted);
        if (merges.size() < wanted) {
            throw new IllegalArgumentException(
                    "vocabularySize ("
                            + vocabularySize
                            + ") must be at most "
                            + (fixed + merges.size())
                            + " for this corpus: after that every word is one token");
        }
        return new TokenizerTrainer(merges);
    }

    /**
     * Returns the number of tokens.
     *
     * @return the size asked for in training
     */
    public int vocabularySize() {
        return vocabulary.size();
    }

    /**
     * Writes {@code tokenizer.json} and {@code tokenizer_config.json}, replacing older ones.
     *
     * @param folder an existing folder
     * @param modelMaxLength the context of the model in tokens
     * @throws IOException if a file cannot be written; neither file is ever left half written
     */
    public void save(Path folder, int modelMaxLength) throws IOException {
        write(folder.resolve("tokenizer.json"), tokenizer());
        write(folder.resolve("tokenizer_config.json"), config(modelMaxLength));
    }

    private void add(String token) {
        Integer id = vocabulary.putIfAbsent(token, vocabulary.size());
        if (id != null) {
            throw new IllegalStateException("token " + token + " would have two ids");
        }
    }

    private Map<String, @Nullable Object> tokenizer() {
        List<Object> added = new ArrayList<>();
        for (String token : SPECIAL) {
            added.add(
                    object(
                            "id", vocabulary.get(token),
                            "content", token,
                            "single_word", false,
                            "lstrip", false,
                            "rstrip", false,
                            "normalized", false,
                            "special", true));
        }
        return object(
                "version",
                "1.0",
                "truncation",
                null,
                "padding",
                null,
                "added_tokens",
                added,
                "normalizer",
                null,
                "pre_tokenizer",
                byteLevel(),
                "post_processor",
                template(),
                "decoder",
                byteLevel(),
                "model",
                model());
    }

    private Map<String, @Nullable Object> model() {
        return object(
                "type",
                "BPE",
                "dropout",
                null,
                "unk_token",
                UNKNOWN,
                "continuing_subword_prefix",
                null,
                "end_of_word_suffix",
                null,
                "fuse_unk",
                false,
                "byte_fallback",
                false,
                "ignore_merges",
                false,
                "vocab",
                vocabulary,
                "merges",
                merges.stream().map(pair -> pair.left() + " " + pair.right()).toList());
    }

    private static Map<String, @Nullable Object> byteLevel() {
        return object(
                "type", "ByteLevel",
                "add_prefix_space", false,
                "trim_offsets", true,
                "use_regex", true);
    }

    private static Map<String, @Nullable Object> template() {
        Map<String, @Nullable Object> begin =
                object("SpecialToken", object("id", BEGIN, "type_id", 0));
        Map<String, @Nullable Object> first = object("Sequence", object("id", "A", "type_id", 0));
        Map<String, @Nullable Object> second = object("Sequence", object("id", "B", "type_id", 1));
        return object(
                "type",
                "TemplateProcessing",
                "single",
                List.of(begin, first),
                "pair",
                List.of(begin, first, second),
                "special_tokens",
                object(
                        BEGIN,
                        object("id", BEGIN, "ids", List.of(BEGIN_ID), "tokens", List.of(BEGIN))));
    }

    private static Map<String, @Nullable Object> config(int modelMaxLength) {
        return object(
                "tokenizer_class",
                "PreTrainedTokenizerFast",
                "bos_token",
                BEGIN,
                "eos_token",
                END,
                "unk_token",
                UNKNOWN,
                "pad_token",
                UNKNOWN,
                "add_bos_token",
                true,
                "add_eos_token",
                false,
                "add_prefix_space",
                false,
                "clean_up_tokenization_spaces",
                false,
                "model_max_length",
                modelMaxLength);
    }

    private static Map<String, @Nullable Object> object(@Nullable Object... keysAndValues) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put(String.valueOf(keysAndValues[i]), keysAndValues[i + 1]);
        }
        return map;
    }

    private static void write(Path file, Object content) throws IOException {
        Path draft = Files.createTempFile(file.toAbsolutePath().getParent(), "draft", ".json");
        try {
            Files.write(draft, (GSON.toJson(content) + "\n").getBytes(StandardCharsets.UTF_8));
            Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(draft);
        }
    }
}

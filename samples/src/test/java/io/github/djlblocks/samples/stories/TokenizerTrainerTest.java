package io.github.djlblocks.samples.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenizerTrainerTest {

    private static final int SIZE = 512;

    private final List<String> stories =
            LongStream.range(0, 3000).mapToObj(new StoryGrammar()::story).toList();
    private final TokenizerTrainer trained = TokenizerTrainer.train(stories, SIZE);
    private final Path folder;
    private final HuggingFaceTokenizer tokenizer;

    TokenizerTrainerTest(@TempDir Path folder) throws IOException {
        this.folder = folder;
        trained.save(folder, 256);
        tokenizer = HuggingFaceTokenizer.newInstance(folder);
    }

    @BeforeAll
    void vocabularySize_isAsAsked() {
        assertThat(trained.vocabularySize()).isEqualTo(SIZE);
    }

    @AfterAll
    void close() {
        tokenizer.close();
    }

    @Test
    void encode_stories_roundTrip() {
        for (String story : stories.subList(0, 500)) {
            long[] ids = tokenizer.encode(story).getIds();
            assertThat(ids[0]).isEqualTo(TokenizerTrainer.BEGIN_ID);
            assertThat(Arrays.stream(ids).skip(1)).allMatch(id -> id > 2 && id < SIZE);
            assertThat(tokenizer.decode(ids, true)).isEqualTo(story);
            assertThat(ids.length).isBetween(40, 160);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "  two  spaces  ",
                "line\nbreaks\r\n\tand tabs\n\n",
                "Zażółć gęślą jaźń",
                "名前はまだ無い。",
                "🦊 met 👩‍👩‍👧",
                "no-break\u00A0space and soft hyphen \u00AD",
                "e\u0301 stays apart from \u00e9",
                "He's 12,5 & <b>bold</b> don't!!! ... $%^",
                "Hello, world! \uFFFD"
            })
    void encode_anyText_roundTrips(String text) {
        long[] ids = tokenizer.encode(text).getIds();
        assertThat(Arrays.stream(ids)).allMatch(id -> id >= 0 && id < SIZE);
        assertThat(Arrays.stream(ids)).doesNotContain((long) TokenizerTrainer.UNKNOWN_ID);
        assertThat(tokenizer.decode(ids, true)).isEqualTo(text);
    }

    @Test
    void encode_controlCharactersAndLatin_roundTrip() {
        for (char c = 0; c < 0x180; c++) {
            String text = "x" + c + "y";
            long[] ids = tokenizer.encode(text).getIds();
            assertThat(tokenizer.decode(ids, true)).as("U+%04X", (int) c).isEqualTo(text);
        }
    }

    @Test
    void encode_withoutTruncationOption_cutsAt512() throws IOException {
        String text = "7".repeat(600);
        assertThat(tokenizer.encode(text).getIds()).hasSize(512);
        try (HuggingFaceTokenizer whole =
                HuggingFaceTokenizer.newInstance(folder, Map.of("truncation", "false"))) {
            assertThat(whole.encode(text).getIds()).hasSize(601);
        }
    }

    @Test
    void encode_begin_isAddedOnce() {
        Encoding story = tokenizer.encode(stories.get(0));
        assertThat(story.getTokens()[0]).isEqualTo("<s>");
        assertThat(Collections.frequency(List.of(story.getTokens()), "<s>")).isOne();
        long[] plain = tokenizer.encode(stories.get(0), false, false).getIds();
        assertThat(story.getIds())
                .containsExactly(
                        LongStream.concat(LongStream.of(1), Arrays.stream(plain)).toArray());
        assertThat(tokenizer.encode("").getIds()).containsExactly(1);
        assertThat(tokenizer.encode("one", "two").getIds()).startsWith(1).doesNotContain(2);
    }

    @Test
    void encode_specialTokens_oneIdEach() {
        assertThat(tokenizer.encode("<unk><s></s>", false, false).getIds())
                .containsExactly(0, 1, 2);
        long[] ids = tokenizer.encode(stories.get(0) + "</s>").getIds();
        assertThat(ids).endsWith(2);
        assertThat(tokenizer.decode(ids, true)).isEqualTo(stories.get(0));
        assertThat(tokenizer.decode(ids, false)).isEqualTo("<s>" + stories.get(0) + "</s>");
    }

    @Test
    void encode_frequentWords_areOneToken() {
        assertThat(tokenizer.encode("Once upon a time, he had", false, false).getTokens())
                .containsExactly(
                        "Once",
                        "\u0120upon",
                        "\u0120a",
                        "\u0120time",
                        ",",
                        "\u0120he",
                        "\u0120had");
    }

    @Test
    void encode_promptAndRest_agreeWithTheWhole() {
        String story = stories.get(1);
        int cut = StoryGrammar.PROMPT.length();
        long[] prompt = tokenizer.encode(story.substring(0, cut)).getIds();
        long[] rest = tokenizer.encode(story.substring(cut), false, false).getIds();
        assertThat(tokenizer.encode(story).getIds())
                .containsExactly(
                        LongStream.concat(Arrays.stream(prompt), Arrays.stream(rest)).toArray());
    }

    @Test
    void decode_storyOneByOne_joinsToTheStory() {
        for (String story : stories.subList(0, 50)) {
            StringBuilder joined = new StringBuilder();
            for (long id : tokenizer.encode(story).getIds()) {
                joined.append(tokenizer.decode(new long[] {id}, true));
            }
            assertThat(joined).hasToString(story);
        }
    }

    @Test
    void decode_prefixesOfAnyText_growToTheText() {
        String text = " 🦊 naïve, 名前 ";
        long[] ids = tokenizer.encode(text).getIds();
        String shown = "";
        for (int length = 1; length <= ids.length; length++) {
            String soFar = tokenizer.decode(Arrays.copyOf(ids, length), true);
            if (!soFar.endsWith("\uFFFD")) {
                assertThat(soFar).startsWith(shown);
                shown = soFar;
            }
        }
        assertThat(shown).isEqualTo(text);
    }

    @Test
    void train_sameTextsInAnotherOrder_sameFile(@TempDir Path other) throws IOException {
        List<String> reversed = new ArrayList<>(stories);
        Collections.reverse(reversed);
        TokenizerTrainer.train(reversed, SIZE).save(other, 256);
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            assertThat(other.resolve(name)).hasSameBinaryContentAs(folder.resolve(name));
        }
    }

    @Test
    void save_again_replacesAndLeavesNothingElse(@TempDir Path other) throws IOException {
        trained.save(other, 128);
        trained.save(other, 256);
        try (Stream<Path> files = Files.list(other)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("tokenizer.json", "tokenizer_config.json");
        }
        JsonObject config =
                JsonParser.parseString(Files.readString(other.resolve("tokenizer_config.json")))
                        .getAsJsonObject();
        assertThat(config.get("model_max_length").getAsInt()).isEqualTo(256);
        assertThat(config.get("bos_token").getAsString()).isEqualTo("<s>");
        assertThat(config.get("eos_token").getAsString()).isEqualTo("</s>");
        assertThat(config.get("add_bos_token").getAsBoolean()).isTrue();
        assertThat(config.get("tokenizer_class").getAsString())
                .isEqualTo("PreTrainedTokenizerFast");
    }

    @Test
    void newInstance_withConfig_sameIds() throws IOException {
        String config = folder.resolve("tokenizer_config.json").toString();
        try (HuggingFaceTokenizer configured =
                HuggingFaceTokenizer.newInstance(folder, config, Map.of())) {
            assertThat(configured.encode(stories.get(2)).getIds())
                    .containsExactly(tokenizer.encode(stories.get(2)).getIds());
        }
    }

    @Test
    void train_sizeBelowTheBytes_throws() {
        assertThatThrownBy(() -> TokenizerTrainer.train(stories, 258))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "vocabularySize (258) must be at least 259: 3 special tokens and 256"
                                + " bytes");
        assertThat(TokenizerTrainer.train(stories, 259).vocabularySize()).isEqualTo(259);
    }

    @Test
    void train_moreMergesThanPairs_throws() {
        // "ab ab": a+b and then the space with it; no third pair is left.
        assertThat(TokenizerTrainer.train(List.of("ab ab"), 261).vocabularySize()).isEqualTo(261);
        assertThatThrownBy(() -> TokenizerTrainer.train(List.of("ab ab"), 262))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "vocabularySize (262) must be at most 261 for this corpus: after that every"
                                + " word is one token");
    }
}

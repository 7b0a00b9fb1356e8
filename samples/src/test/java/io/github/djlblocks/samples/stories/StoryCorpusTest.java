package io.github.djlblocks.samples.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.github.djlblocks.samples.stories.StoryCorpus.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StoryCorpusTest {

    private final StoryCorpus corpus = new StoryCorpus(5);
    private final Path folder;
    private final HuggingFaceTokenizer tokenizer;

    StoryCorpusTest(@TempDir Path folder) throws IOException {
        this.folder = folder;
        TokenizerTrainer.train(corpus.stories(Part.TRAINING).limit(2000).toList(), 512)
                .save(folder, 256);
        tokenizer = HuggingFaceTokenizer.newInstance(folder);
    }

    @AfterAll
    void close() {
        tokenizer.close();
    }

    @Test
    void stories_validation_neverInTraining() {
        Set<String> training = new HashSet<>(corpus.stories(Part.TRAINING).limit(100_000).toList());
        assertThat(corpus.stories(Part.VALIDATION).limit(5_000)).noneMatch(training::contains);
    }

    @Test
    void part_manyStories_oneInTwentyIsValidation() {
        // Of 20,000: 1000 expected, standard deviation sqrt(20000 * 0.05 * 0.95) = 31.
        StoryGrammar grammar = new StoryGrammar();
        long validation =
                LongStream.range(0, 20_000)
                        .filter(seed -> corpus.part(grammar.story(seed)) == Part.VALIDATION)
                        .count();
        assertThat(validation).isBetween(1000L - 125, 1000L + 125);
    }

    @Test
    void stories_sameSeed_sameAgainAndAnotherSeedOthers() {
        List<String> stories = corpus.stories(Part.TRAINING).limit(100).toList();
        assertThat(new StoryCorpus(5).stories(Part.TRAINING).limit(100).toList())
                .isEqualTo(stories);
        assertThat(new StoryCorpus(6).stories(Part.TRAINING).limit(100))
                .doesNotContainAnyElementsOf(stories);
    }

    @Test
    void padded_eachSequence_oneStoryThenUnknown() {
        long[][] sequences = corpus.padded(Part.VALIDATION, tokenizer, 200, 12);

        List<String> stories = corpus.stories(Part.VALIDATION).limit(12).toList();
        assertThat(sequences).hasDimensions(12, 200);
        for (int i = 0; i < sequences.length; i++) {
            long[] story = tokenizer.encode(stories.get(i)).getIds();
            long[] expected = Arrays.copyOf(story, 200);
            expected[story.length] = 2;
            assertThat(sequences[i]).containsExactly(expected);
        }
    }

    @Test
    void padded_storyLongerThanSequence_throws() {
        int needed =
                tokenizer
                                .encode(corpus.stories(Part.TRAINING).findFirst().orElseThrow())
                                .getIds()
                                .length
                        + 1;
        assertThatThrownBy(() -> corpus.padded(Part.TRAINING, tokenizer, 9, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("length (9) must be at least " + needed + " to hold a whole story");
    }

    @Test
    void padded_tokenizerThatTruncates_throws() throws IOException {
        try (HuggingFaceTokenizer cutting =
                HuggingFaceTokenizer.newInstance(folder, Map.of("maxLength", "20"))) {
            long[] cut =
                    cutting.encode(corpus.stories(Part.TRAINING).findFirst().orElseThrow())
                            .getIds();
            assertThatThrownBy(() -> corpus.padded(Part.TRAINING, cutting, 64, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "a story begins with id 1 and ends with "
                                    + cut[19]
                                    + ", not with <s> (1) and </s> (2): the tokenizer must add <s>"
                                    + " and not truncate (options addSpecialTokens, truncation)");
        }
    }

    @Test
    void padded_lengthOne_throws() {
        assertThatThrownBy(() -> corpus.padded(Part.TRAINING, tokenizer, 1, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("length (1) must be at least 2: one token to read, one to predict");
    }

    @Test
    void prompts_all_rightAsFarAsTheyGo() {
        StoryChecker checker = new StoryChecker();
        List<String> prompts = corpus.prompts(30);
        assertThat(prompts).hasSize(30);
        assertThat(prompts)
                .allSatisfy(
                        prompt -> {
                            assertThat(prompt).startsWith(StoryGrammar.PROMPT).doesNotEndWith(" ");
                            assertThat(checker.check(prompt).broken())
                                    .isEqualTo(StoryRule.ENDED_EARLY);
                        });
        assertThat(prompts.get(0)).isEqualTo("Once upon a time");
        assertThat(prompts.get(1)).matches("Once upon a time, .* named [A-Z][a-z]+");
        assertThat(prompts.get(2)).matches("Once upon a time, [^.]*\\.[^.]*\\.");
    }
}

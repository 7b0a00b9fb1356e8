package io.github.djlblocks.samples.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoryCheckerTest {

    private static final String LOST =
            "Once upon a time, a small fox named Pip lived near the river. He had a red kite and"
                    + " loved it very much. One sunny day, he went to the park and lost it. He was"
                    + " sad, but then he met an old rabbit named Mia. Mia found the red kite under"
                    + " a bush and gave it back to him. They stayed at the park until it was dark.";
    private static final String MORE =
            "Once upon a time, there was a shy owl named Rose who lived in the forest. She had"
                    + " three apples in her basket. One windy afternoon, Rose met a kind bear named"
                    + " Tom at the mill. He was glad to meet her and gave her four more. Now Rose"
                    + " had seven apples. Rose thanked him, and they became good friends.";
    private static final String SHARE =
            "Once upon a time, a lazy pig named Ben lived in a little house. Ben had nine nuts. One"
                + " spring day, he went to the farm and met a quick cat named Zoe. Zoe had none, so"
                + " Ben gave her five of them. Now he had four nuts left. Zoe thanked Ben and went"
                + " home with a big smile.";
    private static final String WEATHER =
            "Once upon a time, a gentle dog named Otto lived in a quiet village. One rainy evening,"
                    + " Otto got very wet on the way to the lake. There he met a clever frog named"
                    + " Anna. Anna gave him a green cloak. The green cloak kept him dry. Otto"
                    + " thanked her, and they became good friends.";

    private final StoryChecker checker = new StoryChecker();

    @Test
    void check_tenThousandGenerated_allValid() {
        StoryGrammar grammar = new StoryGrammar();
        assertThat(LongStream.range(0, 10_000).mapToObj(grammar::story))
                .allSatisfy(
                        story ->
                                assertThat(checker.check(story))
                                        .isEqualTo(new Verdict(null, story.length(), "")));
    }

    @ParameterizedTest
    @CsvSource({
        "LOST, 'Pip lived', 'Zed lived', FORM",
        "LOST, 'near the river', 'near the pond', FORM",
        "LOST, 'a small fox', 'an small fox', ARTICLE",
        "LOST, 'an old rabbit', 'a old rabbit', ARTICLE",
        "LOST, 'named Mia', 'named Sam', NAME",
        "LOST, 'Mia found', 'Lily found', NAME",
        "LOST, 'Mia found', 'Pip found', NAME",
        "LOST, 'He had', 'She had', PRONOUN",
        "LOST, 'He had', 'he had', PRONOUN",
        "LOST, 'he went', 'He went', PRONOUN",
        "LOST, 'he met', 'she met', PRONOUN",
        "LOST, 'back to him', 'back to her', PRONOUN",
        "LOST, 'the red kite', 'the blue kite', COLOUR",
        "LOST, 'the red kite', 'the red ball', OBJECT",
        "LOST, 'at the park', 'at the lake', PLACE",
        "LOST, 'under a bush', 'under a rock', FORM",
        "LOST, 'He was sad', 'He  was sad', FORM",
        "MORE, 'in her basket', 'in his basket', PRONOUN",
        "MORE, 'three apples', 'one apples', NUMBER",
        "MORE, 'three apples', 'ten apples', NUMBER",
        "MORE, 'seven apples', 'eight apples', NUMBER",
        "MORE, 'seven apples', 'seven pears', THINGS",
        "MORE, 'Rose had', 'Ruby had', NAME",
        "MORE, 'thanked him', 'thanked her', PRONOUN",
        "SHARE, 'four nuts', 'five nuts', NUMBER",
        "SHARE, 'nine nuts', 'six nuts', NUMBER",
        "SHARE, 'four nuts', 'four shells', THINGS",
        "SHARE, 'gave her', 'gave him', PRONOUN",
        "SHARE, 'Zoe thanked Ben', 'Ben thanked Zoe', NAME",
        "WEATHER, 'very wet', 'very cold', WEATHER",
        "WEATHER, 'him dry', 'him warm', WEATHER",
        "WEATHER, 'green cloak kept', 'green scarf kept', OBJECT",
        "WEATHER, 'The green', 'The white', COLOUR",
    })
    void check_oneWordWrong_namesTheRuleAndThePlace(
            String plot, String right, String wrong, StoryRule rule) {
        String story = story(plot);
        assertThat(checker.check(story).isValid()).isTrue();
        assertThat(story.split(Pattern.quote(right), -1)).hasSize(2);

        Verdict verdict = checker.check(story.replace(right, wrong));

        assertThat(verdict.broken()).isEqualTo(rule);
        assertThat(verdict.isValidSoFar()).isFalse();
        assertThat(verdict.expected()).isNotEmpty();
    }

    @Test
    void check_wrongColour_pointsAtTheWord() {
        String wrong = LOST.replace("the red kite", "the blue kite");
        assertThat(checker.check(wrong))
                .isEqualTo(new Verdict(StoryRule.COLOUR, wrong.indexOf("blue kite"), "red"));
    }

    @Test
    void check_wrongSum_saysTheRightOne() {
        String wrong = MORE.replace("had seven", "had nine");
        assertThat(checker.check(wrong))
                .isEqualTo(new Verdict(StoryRule.NUMBER, wrong.indexOf("nine"), "seven"));
    }

    @ParameterizedTest
    @CsvSource({"LOST", "MORE", "SHARE", "WEATHER"})
    void check_everyPrefix_endedEarly(String plot) {
        String story = story(plot);
        for (int length = 0; length < story.length(); length++) {
            Verdict verdict = checker.check(story.substring(0, length));
            assertThat(verdict.broken())
                    .as(story.substring(0, length))
                    .isEqualTo(StoryRule.ENDED_EARLY);
            assertThat(verdict.position()).isEqualTo(length);
            assertThat(verdict.isValidSoFar()).isTrue();
        }
    }

    @Test
    void check_moreAfterTheClosing_extraText() {
        String twice = LOST + " They stayed at the park until it was dark.";
        assertThat(checker.check(twice))
                .isEqualTo(new Verdict(StoryRule.EXTRA_TEXT, LOST.length(), "the end"));
        assertThat(checker.check(LOST + "\n").broken()).isEqualTo(StoryRule.EXTRA_TEXT);
    }

    @Test
    void check_sentenceOfAnotherPlot_breaksTheForm() {
        String mixed =
                LOST.replace("They stayed at the park until it was dark.", "Now Pip had two nuts.");
        assertThat(checker.check(mixed).broken()).isEqualTo(StoryRule.FORM);
    }

    @Test
    void check_nameForPronounAndBack_isStillRight() {
        assertThat(checker.check(LOST.replace("He had", "Pip had")).isValid()).isTrue();
        assertThat(checker.check(MORE.replace("Now Rose", "Now she")).isValid()).isTrue();
    }

    private static String story(String plot) {
        return switch (plot) {
            case "LOST" -> LOST;
            case "MORE" -> MORE;
            case "SHARE" -> SHARE;
            case "WEATHER" -> WEATHER;
            default -> throw new IllegalArgumentException(plot);
        };
    }
}

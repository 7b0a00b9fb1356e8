package io.github.djlblocks.samples.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class StoryGrammarTest {

    private final StoryGrammar grammar = new StoryGrammar();

    @Test
    void story_sameSeed_sameStory() {
        assertThat(new StoryGrammar().story(7)).isEqualTo(grammar.story(7));
        assertThat(grammar.story(7)).isNotEqualTo(grammar.story(8));
    }

    @Test
    void story_anySeed_sixSentencesFromThePrompt() {
        assertThat(LongStream.range(0, 1000).mapToObj(grammar::story))
                .allSatisfy(
                        story -> {
                            assertThat(story).startsWith(StoryGrammar.PROMPT + ", ").endsWith(".");
                            assertThat(story.split("(?<=\\.) ", -1)).hasSize(6);
                            assertThat(story).doesNotContain("  ").doesNotContain("\n");
                        });
    }

    @Test
    void story_manySeeds_hardlyRepeats() {
        // The rarest plot has 1e12 stories: of 100,000 draws, 5e9 pairs, less than one agrees.
        Set<String> stories = new HashSet<>();
        LongStream.range(0, 100_000).forEach(seed -> stories.add(grammar.story(seed)));
        assertThat(stories).hasSizeGreaterThan(99_990);
    }

    @Test
    void distinctStories_ofThisLexicon_isTheCountByHand() {
        // Cast: 2*8*8 names, 12*11 species, 10*9 traits, 6 homes. Plots: colours 6, objects 8,
        // times 6, places 8, hiding 6, things 8, number pairs 36, weathers 2, daytimes 3, garments
        // 4. Forms: 2^5 * 4.
        BigInteger cast = BigInteger.valueOf(128L * 132 * 90 * 6);
        long lost = 6L * 8 * 6 * 8 * 6;
        long counted = 8L * 36 * 6 * 8;
        long weathered = 2L * 3 * 8 * 6 * 4;
        long plots = lost + 2 * counted + weathered;
        assertThat(StoryGrammar.distinctStories())
                .isEqualTo(cast.multiply(BigInteger.valueOf(plots * 32 * 4)));
    }
}

package io.github.djlblocks.samples.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FableCheckerTest {

    private static final String SHARED =
            "Once upon a time, a small fox named Pip lived near the river. Pip had five apples. One"
                + " sunny day, he went to the park and met a kind owl named Mia. Mia had none, so"
                + " Pip gave her two of them. Now Pip had three apples left.";

    @Test
    void isRight_everyFableOfTheGrammar_isRight() {
        StoryGrammar grammar = new StoryGrammar();
        FableChecker checker = new FableChecker();

        assertThat(LongStream.range(0, 500).mapToObj(grammar::fable)).allMatch(checker::isRight);
        assertThat(LongStream.range(0, 100).mapToObj(grammar::story)).noneMatch(checker::isRight);
    }

    @Test
    void isRight_anythingThatDoesNotAgree_isWrong() {
        FableChecker checker = new FableChecker();
        String right = SHARED + " So Mia learnt from Pip that five without two are three.";

        assertThat(checker.isRight(right)).isTrue();
        assertThat(checker.isRight(right.replace("without two", "without one"))).isFalse();
        assertThat(
                        checker.isRight(
                                right.replace("So Mia learnt from Pip", "So Pip learnt from Mia")))
                .isFalse();
        assertThat(checker.isRight(right.replace("two of them", "one of them"))).isFalse();
        assertThat(checker.isRight(right.replace("are three.", "are three"))).isFalse();
        assertThat(checker.isRight(SHARED)).isFalse();
    }
}

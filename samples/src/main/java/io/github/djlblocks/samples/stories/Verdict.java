package io.github.djlblocks.samples.stories;

import org.jspecify.annotations.Nullable;

/**
 * What {@link StoryChecker} says of a text.
 *
 * @param broken the first rule that the text breaks, or null if the text is a right story
 * @param position where it breaks it: the index of the first character of the wrong word, the
 *     length of the text if it ended early or is right
 * @param expected what should stand there, empty if the text is right
 */
public record Verdict(@Nullable StoryRule broken, int position, String expected) {

    /**
     * Returns whether the text is a right story.
     *
     * @return true if no rule is broken
     */
    public boolean isValid() {
        return broken == null;
    }

    /**
     * Returns whether the text is the beginning of a right story, or all of one: what a prompt or
     * the text of an unfinished generation should be.
     *
     * @return true if nothing in the text is wrong as far as it goes
     */
    public boolean isValidSoFar() {
        return broken == null || broken == StoryRule.ENDED_EARLY;
    }

    /**
     * The more telling of two failures: the later one, and of two in one place the more precise.
     */
    static Verdict later(Verdict a, Verdict b) {
        if (a.position != b.position) {
            return a.position > b.position ? a : b;
        }
        return a.broken == StoryRule.FORM ? b : a;
    }
}

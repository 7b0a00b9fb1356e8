package io.github.djlblocks.samples.stories;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a text is a right story, and if not which rule it breaks first and where.
 *
 * <p>The checker is a recogniser with sentence forms of its own; it shares the lexicon with {@link
 * StoryGrammar}, not the templates, and is a little wider: where the grammar writes a name, the
 * checker also takes the right pronoun, and the other way round. Of the plots and forms a text
 * could be of, the one that it follows furthest gives the verdict.
 */
public final class StoryChecker {

    /** Creates the checker. */
    public StoryChecker() {}

    /**
     * Checks one text.
     *
     * @param text the text, character for character: no white space around it, none doubled
     * @return whether it is a right story, or else the first rule it breaks
     */
    public Verdict check(String text) {
        Verdict verdict = null;
        for (List<List<String>> plot : StoryForms.PLOTS) {
            Verdict next = check(text, plot);
            if (next.isValid()) {
                return next;
            }
            verdict = verdict == null ? next : Verdict.later(verdict, next);
        }
        if (verdict == null) {
            throw new IllegalStateException("no plots to check against");
        }
        return verdict;
    }

    private static Verdict check(String text, List<List<String>> plot) {
        StoryReader reader = new StoryReader(text);
        for (List<String> forms : plot) {
            String gap = reader.position() == 0 ? "" : " ";
            Verdict failure = null;
            @Nullable StoryReader next = null;
            for (String form : forms) {
                StoryReader trial = reader.copy();
                Verdict trialFailure = trial.read(gap + form);
                if (trialFailure == null) {
                    next = trial;
                    break;
                }
                failure = failure == null ? trialFailure : Verdict.later(failure, trialFailure);
            }
            if (next == null) {
                return requireFailure(failure);
            }
            reader = next;
        }
        if (reader.position() < text.length()) {
            return new Verdict(StoryRule.EXTRA_TEXT, reader.position(), "the end");
        }
        return new Verdict(null, text.length(), "");
    }

    private static Verdict requireFailure(@Nullable Verdict failure) {
        if (failure == null) {
            throw new IllegalStateException("a sentence of a plot has no forms");
        }
        return failure;
    }
}

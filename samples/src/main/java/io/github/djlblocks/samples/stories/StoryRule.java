package io.github.djlblocks.samples.stories;

/** What a story has to keep to be right, as {@link StoryChecker} decides it. */
public enum StoryRule {
    /** Each sentence has a form that fits its place in the plot, made of words of the lexicon. */
    FORM,
    /** A story goes on to its closing sentence. */
    ENDED_EARLY,
    /** Nothing follows the closing sentence. */
    EXTRA_TEXT,
    /** "an" stands before a vowel, "a" before a consonant. */
    ARTICLE,
    /** Hero and friend keep their names, one of them a "he", the other a "she". */
    NAME,
    /** A pronoun agrees with the name it stands for, in gender, case and capital. */
    PRONOUN,
    /** A thing keeps its colour. */
    COLOUR,
    /** What is lost is what is found, what is traded is what was wanted, what is given is worn. */
    OBJECT,
    /** The friends stay where they met. */
    PLACE,
    /** Apples stay apples when they are counted again. */
    THINGS,
    /** Sums are right, stay within ten and never count a single thing in the plural. */
    NUMBER,
    /** Rain makes wet and a garment dry again, cold makes cold and a garment warm again. */
    WEATHER
}

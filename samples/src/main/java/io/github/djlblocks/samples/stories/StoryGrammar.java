package io.github.djlblocks.samples.stories;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Writes very short English stories, one for each seed.
 *
 * <p>A story has six sentences and begins with {@link #PROMPT}. It names a hero and a friend, one
 * "he" and one "she" so that every pronoun has one reading, and follows one of four plots:
 * something is lost and found, more is given ({@code a + b <= 10}), some is shared ({@code a - b >=
 * 2}), or a garment helps against bad weather. What a story says twice agrees: names, pronouns,
 * objects, colours, places and sums.
 *
 * <p>The same seed gives the same story on every machine and Java version.
 */
public final class StoryGrammar {

    /** The words that every story begins with. */
    public static final String PROMPT = "Once upon a time";

    private static final List<String> OPENING =
            List.of(
                    "Once upon a time, {heroIs} lived {home}.",
                    "Once upon a time, there was {heroIs} who lived {home}.");

    private static final List<String> MEETING =
            List.of(
                    "One {time}, {he} went to the {place} and met {friendIs}.",
                    "One {time}, {hero} met {friendIs} at the {place}.");

    private static final List<String> COUNT =
            List.of("{He} had {count} {things} in {his} basket.", "{hero} had {count} {things}.");

    private static final List<String> CLOSING =
            List.of(
                    "{thanker} thanked {thankedObject}, and they became good friends.",
                    "{thanker} thanked {thanked} and went home with a big smile.",
                    "After that, {hero} and {friend} were best friends.",
                    "They stayed at the {place} until it was dark.");

    private static final List<List<String>> LOST =
            List.of(
                    List.of(
                            "{He} had a {colour} {object} and loved it very much.",
                            "{hero} had a {colour} {object} that {he} took everywhere."),
                    List.of(
                            "One {time}, {he} went to the {place} and lost it.",
                            "One {time}, {hero} went to the {place}, but {he} lost the {object} on"
                                    + " the way."),
                    List.of(
                            "{He} was sad, but then {he} met {friendIs}.",
                            "{hero} looked and looked, and then {he} met {friendIs}."),
                    List.of(
                            "{friend} found the {colour} {object} {hiding} and gave it back to"
                                    + " {him}.",
                            "{She} helped {him} look, and soon they found the {colour} {object}"
                                    + " {hiding}."));

    private static final List<List<String>> MORE =
            List.of(
                    COUNT,
                    MEETING,
                    List.of(
                            "{friend} gave {him} {change} more.",
                            "{She} was glad to meet {him} and gave {him} {change} more."),
                    List.of(
                            "Now {hero} had {result} {things}.",
                            "Now {he} had {result} {things}."));

    private static final List<List<String>> SHARE =
            List.of(
                    COUNT,
                    MEETING,
                    List.of(
                            "{friend} had none, so {hero} gave {her} {change} of them.",
                            "{He} wanted to share and gave {her} {change} of them."),
                    List.of(
                            "Now {hero} had {result} {things} left.",
                            "Now {he} had {result} {things} left."));

    private static final List<List<String>> WEATHER =
            List.of(
                    List.of(
                            "One {weather} {daytime}, {he} went to the {place} and got very"
                                    + " {harm}.",
                            "One {weather} {daytime}, {hero} got very {harm} on the way to the"
                                    + " {place}."),
                    List.of("There {he} met {friendIs}.", "Then {hero} met {friendIs}."),
                    List.of(
                            "{friend} gave {him} a {colour} {garment}.",
                            "{She} had a {colour} {garment} and gave it to {him}."),
                    List.of(
                            "The {colour} {garment} kept {him} {cure}.",
                            "{hero} put on the {colour} {garment} and was {cure} again."));

    private static final List<List<List<String>>> PLOTS = List.of(LOST, MORE, SHARE, WEATHER);

    /** What a fable ends with, for each plot. */
    private static final List<String> MORALS =
            List.of(
                    "So {hero} learnt from {friend} that two find what one has lost.",
                    "So {hero} learnt from {friend} that {count} and {change} are {result}.",
                    "So {friend} learnt from {hero} that {count} without {change} are {result}.",
                    "So {hero} learnt from {friend} that a {garment} helps when it is {weather}.");

    /** Creates the grammar. */
    public StoryGrammar() {}

    /**
     * Returns the story of a seed.
     *
     * @param seed any number; neighbouring seeds give unrelated stories
     * @return the story: one line, sentences separated by one space, no space at either end
     */
    public String story(long seed) {
        return tell(seed, false);
    }

    /**
     * Returns the fable of a seed: a story whose last sentence is a moral that repeats who and what
     * it was about.
     *
     * @param seed any number
     * @return the fable: one line, sentences separated by one space
     */
    public String fable(long seed) {
        return tell(seed, true);
    }

    private static String tell(long seed, boolean withMoral) {
        Random random = new Random(mix(seed));
        List<List<String>> plot = pick(random, PLOTS);
        Map<String, String> words = new HashMap<>();
        chooseCast(random, words);
        chooseProps(random, words);
        chooseNumbers(random, words, plot.equals(SHARE));
        boolean friendThanks = plot.equals(SHARE);
        words.put("thanker", words.get(friendThanks ? "friend" : "hero"));
        words.put("thanked", words.get(friendThanks ? "hero" : "friend"));
        words.put("thankedObject", words.get(friendThanks ? "him" : "her"));

        StringBuilder story = new StringBuilder(fill(pick(random, OPENING), words));
        for (List<String> sentences : plot) {
            story.append(' ').append(fill(pick(random, sentences), words));
        }
        String last = withMoral ? MORALS.get(PLOTS.indexOf(plot)) : pick(random, CLOSING);
        return story.append(' ').append(fill(last, words)).toString();
    }

    /**
     * Returns how many different stories the grammar can tell.
     *
     * <p>Every choice shows in the text, so the count is the sum over the plots of the product of
     * the choices.
     *
     * @return the number of distinct stories
     */
    public static BigInteger distinctStories() {
        long places = StoryWords.PLACES.size();
        long colours = StoryWords.COLOURS.size();
        long objects = StoryWords.OBJECTS.size();
        long names = 2L * StoryWords.HE_NAMES.size() * StoryWords.SHE_NAMES.size();
        long species = (long) StoryWords.SPECIES.size() * (StoryWords.SPECIES.size() - 1);
        long traits = (long) StoryWords.TRAITS.size() * (StoryWords.TRAITS.size() - 1);
        long cast = names * species * traits * StoryWords.HOMES.size();
        long outing = StoryWords.TIMES.size() * places;
        // a in 2..9 with b in 1..10-a; and a in 3..10 with b in 1..a-2: 36 pairs each.
        long pairs = 36;
        long lost = colours * objects * outing * StoryWords.HIDING_PLACES.size();
        long counted = StoryWords.THINGS.size() * pairs * outing;
        long weathered =
                (long) StoryWords.WEATHERS.size()
                        * StoryWords.DAYTIMES.size()
                        * places
                        * colours
                        * StoryWords.GARMENTS.size();
        // Two forms for the opening and each of the plot's four sentences, four for the closing.
        long forms = (1L << (1 + LOST.size())) * CLOSING.size();
        long plots = lost + 2 * counted + weathered;
        return BigInteger.valueOf(cast).multiply(BigInteger.valueOf(plots * forms));
    }

    private static void chooseCast(Random random, Map<String, String> words) {
        boolean heroIsHe = random.nextBoolean();
        String hero = pick(random, heroIsHe ? StoryWords.HE_NAMES : StoryWords.SHE_NAMES);
        String friend = pick(random, heroIsHe ? StoryWords.SHE_NAMES : StoryWords.HE_NAMES);
        words.put("hero", hero);
        words.put("friend", friend);
        words.put("he", heroIsHe ? "he" : "she");
        words.put("him", heroIsHe ? "him" : "her");
        words.put("his", heroIsHe ? "his" : "her");
        words.put("He", heroIsHe ? "He" : "She");
        words.put("She", heroIsHe ? "She" : "He");
        words.put("her", heroIsHe ? "her" : "him");
        String species = pick(random, StoryWords.SPECIES);
        String trait = pick(random, StoryWords.TRAITS);
        words.put("heroIs", introduction(trait, species, hero));
        words.put(
                "friendIs",
                introduction(
                        pickOther(random, StoryWords.TRAITS, trait),
                        pickOther(random, StoryWords.SPECIES, species),
                        friend));
        words.put("home", pick(random, StoryWords.HOMES));
    }

    private static void chooseProps(Random random, Map<String, String> words) {
        words.put("object", pick(random, StoryWords.OBJECTS));
        words.put("colour", pick(random, StoryWords.COLOURS));
        words.put("garment", pick(random, StoryWords.GARMENTS));
        words.put("hiding", pick(random, StoryWords.HIDING_PLACES));
        words.put("time", pick(random, StoryWords.TIMES));
        words.put("place", pick(random, StoryWords.PLACES));
        words.put("daytime", pick(random, StoryWords.DAYTIMES));
        StoryWords.Weather weather = pick(random, StoryWords.WEATHERS);
        words.put("weather", weather.name());
        words.put("harm", weather.harm());
        words.put("cure", weather.cure());
    }

    private static void chooseNumbers(Random random, Map<String, String> words, boolean share) {
        // The smaller outcome of the two is never below 2: the things stay in the plural.
        int few = 2 + random.nextInt(StoryWords.LARGEST_NUMBER - 2);
        int change = 1 + random.nextInt(StoryWords.LARGEST_NUMBER - few);
        int many = few + change;
        words.put("things", pick(random, StoryWords.THINGS));
        words.put("count", StoryWords.NUMBERS.get(share ? many : few));
        words.put("change", StoryWords.NUMBERS.get(change));
        words.put("result", StoryWords.NUMBERS.get(share ? few : many));
    }

    private static String introduction(String trait, String species, String name) {
        String article = "aeiou".indexOf(trait.charAt(0)) < 0 ? "a" : "an";
        return String.join(" ", article, trait, species, "named", name);
    }

    private static String fill(String template, Map<String, String> words) {
        StringBuilder sentence = new StringBuilder();
        int from = 0;
        for (int open = template.indexOf('{'); open >= 0; open = template.indexOf('{', from)) {
            int close = template.indexOf('}', open);
            String slot = template.substring(open + 1, close);
            String word = words.get(slot);
            if (word == null) {
                throw new IllegalStateException("no word for {" + slot + "} in: " + template);
            }
            sentence.append(template, from, open).append(word);
            from = close + 1;
        }
        return sentence.append(template, from, template.length()).toString();
    }

    private static <T> T pick(Random random, List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private static String pickOther(Random random, List<String> choices, String taken) {
        return pick(random, choices.stream().filter(c -> !c.equals(taken)).toList());
    }

    /** Spreads a seed over 64 bits (SplitMix64): {@link Random} starts alike on seeds alike. */
    private static long mix(long seed) {
        long z = seed + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}

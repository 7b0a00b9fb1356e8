package io.github.djlblocks.samples.stories;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decides whether a text is a right fable: a right story up to its last sentence, and a moral that
 * says who learnt from whom, and the sum, the garment or the finding that the story was about.
 */
public final class FableChecker {

    private static final String MORAL = " So ";
    private static final Pattern NAMED = Pattern.compile(" named (\\w+)");
    private static final Pattern HAD = Pattern.compile(" had (\\w+) \\w+(?: in \\w+ basket)?\\.");
    private static final Pattern GAVE = Pattern.compile(" gave \\w+ (\\w+) (more|of them)\\.");
    private static final Pattern NOW = Pattern.compile("Now \\w+ had (\\w+)");
    private static final Pattern WEATHER = Pattern.compile("One (rainy|cold) ");
    private static final Pattern GARMENT = Pattern.compile(" (coat|scarf|hat|cloak)\\b");

    private final StoryChecker stories = new StoryChecker();

    /** Creates the checker. */
    public FableChecker() {}

    /**
     * Checks one text.
     *
     * @param text the text, character for character
     * @return whether it is a right fable
     */
    public boolean isRight(String text) {
        int end = text.lastIndexOf(MORAL);
        if (end < 0) {
            return false;
        }
        String body = text.substring(0, end);
        List<String> names = all(NAMED, body);
        if (names.size() != 2) {
            return false;
        }
        String hero = names.get(0);
        String friend = names.get(1);
        String ended = body + " After that, " + hero + " and " + friend + " were best friends.";
        return stories.check(ended).isValid()
                && text.substring(end + 1).equals(moral(body, hero, friend));
    }

    private static String moral(String body, String hero, String friend) {
        String learnt = "So " + hero + " learnt from " + friend + " that ";
        List<String> change = all(GAVE, body);
        if (!change.isEmpty()) {
            String count = first(HAD, body);
            String result = first(NOW, body);
            return body.endsWith(" left.")
                    ? "So %s learnt from %s that %s without %s are %s."
                            .formatted(friend, hero, count, change.get(0), result)
                    : learnt + count + " and " + change.get(0) + " are " + result + ".";
        }
        String weather = first(WEATHER, body);
        return weather.isEmpty()
                ? learnt + "two find what one has lost."
                : learnt + "a " + first(GARMENT, body) + " helps when it is " + weather + ".";
    }

    private static String first(Pattern pattern, String text) {
        List<String> found = all(pattern, text);
        return found.isEmpty() ? "" : found.get(0);
    }

    private static List<String> all(Pattern pattern, String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }
}

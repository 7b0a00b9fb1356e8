package io.github.djlblocks.samples.stories;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a text sentence by sentence and remembers what it has said of names, things and numbers.
 */
final class StoryReader {

    private static final List<String> NAMES =
            Stream.concat(StoryWords.HE_NAMES.stream(), StoryWords.SHE_NAMES.stream()).toList();
    private static final List<String> PRONOUNS =
            Stream.of("he", "she", "him", "her", "his", "it", "they", "them")
                    .flatMap(p -> Stream.of(p, capital(p)))
                    .toList();

    private final String text;
    private final Map<String, String> said;
    private int position;
    private int wordStart;

    StoryReader(String text) {
        this(text, new HashMap<>(), 0);
    }

    private StoryReader(String text, Map<String, String> said, int position) {
        this.text = text;
        this.said = said;
        this.position = position;
    }

    StoryReader copy() {
        return new StoryReader(text, new HashMap<>(said), position);
    }

    int position() {
        return position;
    }

    /**
     * Reads one sentence of the given form; returns why it is not of that form, or null if it is.
     */
    @Nullable Verdict read(String form) {
        int from = 0;
        while (from < form.length()) {
            int open = form.indexOf('<', from);
            int end = open < 0 ? form.length() : open;
            Verdict failure = readLiteral(form.substring(from, end));
            from = end;
            if (failure == null && open >= 0) {
                from = form.indexOf('>', open) + 1;
                failure = readSlot(form.substring(open + 1, from - 1));
            }
            if (failure != null) {
                return failure;
            }
        }
        return null;
    }

    private @Nullable Verdict readLiteral(String literal) {
        int same = 0;
        while (same < literal.length()
                && position + same < text.length()
                && literal.charAt(same) == text.charAt(position + same)) {
            same++;
        }
        position += same;
        if (same == literal.length()) {
            return null;
        }
        if (position == text.length()) {
            return failure(StoryRule.ENDED_EARLY, literal);
        }
        while (position > 0 && Character.isLetter(text.charAt(position - 1))) {
            position--;
        }
        return failure(StoryRule.FORM, literal);
    }

    private @Nullable Verdict readSlot(String slot) {
        return switch (slot) {
            case "article" -> readArticle();
            case "name.hero" -> readOne(NAMES, "hero", StoryRule.NAME);
            case "name.friend" -> readFriendName();
            case "hero", "friend" -> readPerson(slot, pronoun(slot, "he", "she"));
            case "hero.him" -> readPerson("hero", pronoun("hero", "him", "her"));
            case "friend.him" -> readPerson("friend", pronoun("friend", "him", "her"));
            case "hero.his" -> readWord(List.of(pronoun("hero", "his", "her")), StoryRule.PRONOUN);
            case "trait" -> readWord(StoryWords.TRAITS, StoryRule.FORM);
            case "species" -> readWord(StoryWords.SPECIES, StoryRule.FORM);
            case "home" -> readWord(StoryWords.HOMES, StoryRule.FORM);
            case "time" -> readWord(StoryWords.TIMES, StoryRule.FORM);
            case "daytime" -> readWord(StoryWords.DAYTIMES, StoryRule.FORM);
            case "hiding" -> readWord(StoryWords.HIDING_PLACES, StoryRule.FORM);
            case "place" -> readOne(StoryWords.PLACES, slot, StoryRule.PLACE);
            case "colour" -> readOne(StoryWords.COLOURS, slot, StoryRule.COLOUR);
            case "object" -> readOne(StoryWords.OBJECTS, slot, StoryRule.OBJECT);
            case "garment" -> readOne(StoryWords.GARMENTS, slot, StoryRule.OBJECT);
            case "things" -> readOne(StoryWords.THINGS, slot, StoryRule.THINGS);
            case "count" -> readNumber(slot, 2, StoryWords.LARGEST_NUMBER);
            case "added" -> readNumber(slot, 1, StoryWords.LARGEST_NUMBER - number("count"));
            case "taken" -> readNumber(slot, 1, number("count") - 2);
            case "sum" -> readNumber(slot, number("count") + number("added"));
            case "rest" -> readNumber(slot, number("count") - number("taken"));
            case "weather", "harm", "cure" -> readWeather(slot);
            default -> throw new IllegalArgumentException("unknown slot <" + slot + ">");
        };
    }

    private @Nullable Verdict readArticle() {
        int space = text.indexOf(' ', position);
        if (space < 0 || space + 1 == text.length()) {
            return readWord(List.of("an", "a"), StoryRule.ARTICLE);
        }
        boolean vowel = "aeiou".indexOf(text.charAt(space + 1)) >= 0;
        return readWord(List.of(vowel ? "an" : "a"), StoryRule.ARTICLE);
    }

    private @Nullable Verdict readFriendName() {
        boolean heroIsHe = StoryWords.HE_NAMES.contains(recall("hero"));
        List<String> names = heroIsHe ? StoryWords.SHE_NAMES : StoryWords.HE_NAMES;
        Verdict failure = readWord(names, StoryRule.NAME);
        if (failure == null) {
            said.put("friend", lastWord());
        }
        return failure;
    }

    private @Nullable Verdict readPerson(String role, String pronoun) {
        boolean begins = position == 0 || text.startsWith(". ", position - 2);
        String form = begins ? capital(pronoun) : pronoun;
        boolean otherName = startsWithOneOf(NAMES).isPresent();
        return readWord(
                List.of(recall(role), form), otherName ? StoryRule.NAME : StoryRule.PRONOUN);
    }

    private @Nullable Verdict readWeather(String slot) {
        String name = said.get("weather");
        List<String> words =
                StoryWords.WEATHERS.stream()
                        .filter(weather -> name == null || weather.name().equals(name))
                        .map(
                                weather ->
                                        switch (slot) {
                                            case "weather" -> weather.name();
                                            case "harm" -> weather.harm();
                                            default -> weather.cure();
                                        })
                        .toList();
        return readOne(words, slot, StoryRule.WEATHER);
    }

    private @Nullable Verdict readNumber(String slot, int value) {
        return readNumber(slot, value, value);
    }

    private @Nullable Verdict readNumber(String slot, int least, int most) {
        if (least > most) {
            StoryRule rule = isKindOf(StoryRule.NUMBER) ? StoryRule.NUMBER : StoryRule.FORM;
            return failure(rule, "no number, as the first one leaves none");
        }
        List<String> numbers = StoryWords.NUMBERS.subList(least, most + 1);
        return readOne(numbers, slot, StoryRule.NUMBER);
    }

    /** Reads what was said under this key before, or one of the words if nothing was. */
    private @Nullable Verdict readOne(List<String> words, String key, StoryRule rule) {
        String before = said.get(key);
        Verdict failure = readWord(before == null ? words : List.of(before), rule);
        if (failure == null) {
            said.put(key, lastWord());
        }
        return failure;
    }

    private String lastWord() {
        return text.substring(wordStart, position);
    }

    private @Nullable Verdict readWord(List<String> words, StoryRule rule) {
        Optional<String> word = startsWithOneOf(words);
        if (word.isPresent()) {
            wordStart = position;
            position += word.get().length();
            return null;
        }
        String rest = text.substring(position);
        String expected = String.join(" | ", words);
        if (words.stream().anyMatch(w -> w.startsWith(rest))) {
            position = text.length();
            return failure(StoryRule.ENDED_EARLY, expected);
        }
        return failure(isKindOf(rule) ? rule : StoryRule.FORM, expected);
    }

    /** Whether the word here is of the kind that the rule is about, and so only the wrong one. */
    private boolean isKindOf(StoryRule rule) {
        List<String> kind =
                switch (rule) {
                    case ARTICLE -> List.of("a", "an");
                    case NAME -> NAMES;
                    case PRONOUN -> PRONOUNS;
                    case COLOUR -> StoryWords.COLOURS;
                    case OBJECT ->
                            Stream.of(StoryWords.OBJECTS, StoryWords.GARMENTS)
                                    .flatMap(List::stream)
                                    .toList();
                    case PLACE -> StoryWords.PLACES;
                    case THINGS -> StoryWords.THINGS;
                    case NUMBER -> StoryWords.NUMBERS;
                    case WEATHER ->
                            StoryWords.WEATHERS.stream()
                                    .flatMap(w -> Stream.of(w.name(), w.harm(), w.cure()))
                                    .toList();
                    case FORM, ENDED_EARLY, EXTRA_TEXT -> List.of();
                };
        return startsWithOneOf(kind).isPresent();
    }

    private Optional<String> startsWithOneOf(List<String> words) {
        return words.stream()
                .filter(word -> text.startsWith(word, position))
                .filter(
                        word -> {
                            int end = position + word.length();
                            return end == text.length() || !Character.isLetter(text.charAt(end));
                        })
                .max(Comparator.comparingInt(String::length));
    }

    private Verdict failure(StoryRule rule, String expected) {
        return new Verdict(rule, position, expected);
    }

    private String pronoun(String role, String masculine, String feminine) {
        return StoryWords.HE_NAMES.contains(recall(role)) ? masculine : feminine;
    }

    private int number(String key) {
        return StoryWords.NUMBERS.indexOf(recall(key));
    }

    private String recall(String key) {
        String word = said.get(key);
        if (word == null) {
            throw new IllegalStateException("a form speaks of <" + key + "> too early");
        }
        return word;
    }

    private static String capital(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }
}

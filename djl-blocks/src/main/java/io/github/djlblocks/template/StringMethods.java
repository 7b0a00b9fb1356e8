package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The methods of Python's str. */
final class StringMethods {

    private static final Pattern LINE = Pattern.compile("\r\n|[\n\r\u000b\f\u001c-\u001e\u0085]");

    private StringMethods() {}

    static @Nullable Callable find(String text, String name) {
        return switch (name) {
            case "strip" -> arguments -> strip(text, arguments.bind(name, "chars"), true, true);
            case "lstrip" -> arguments -> strip(text, arguments.bind(name, "chars"), true, false);
            case "rstrip" -> arguments -> strip(text, arguments.bind(name, "chars"), false, true);
            case "startswith" -> arguments -> affixes(name, arguments).anyMatch(text::startsWith);
            case "endswith" -> arguments -> affixes(name, arguments).anyMatch(text::endsWith);
            case "removeprefix" ->
                    arguments -> {
                        String prefix = arguments.bind(name, "prefix").text("prefix");
                        return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
                    };
            case "removesuffix" ->
                    arguments -> {
                        String suffix = arguments.bind(name, "suffix").text("suffix");
                        return text.endsWith(suffix)
                                ? text.substring(0, text.length() - suffix.length())
                                : text;
                    };
            case "split" -> arguments -> split(text, arguments.bind(name, "sep", "maxsplit"));
            case "rsplit" -> arguments -> rightSplit(text, arguments.bind(name, "sep", "maxsplit"));
            case "splitlines" -> arguments -> lines(text);
            case "partition" ->
                    arguments -> partition(text, arguments.bind(name, "sep").text("sep"), false);
            case "rpartition" ->
                    arguments -> partition(text, arguments.bind(name, "sep").text("sep"), true);
            case "join" ->
                    arguments -> {
                        List<Object> items =
                                Python.items(arguments.bind(name, "items").get("items"));
                        return String.join(
                                text,
                                items.stream().map(item -> Python.text("join()", item)).toList());
                    };
            case "replace" ->
                    arguments -> {
                        Arguments.Bound bound = arguments.bind(name, "old", "new", "count");
                        return replace(
                                text,
                                bound.text("old"),
                                bound.text("new"),
                                bound.integer("count", -1));
                    };
            case "lower" -> arguments -> text.toLowerCase(Locale.ROOT);
            case "upper" -> arguments -> text.toUpperCase(Locale.ROOT);
            case "capitalize" -> arguments -> capitalize(text);
            case "title" -> arguments -> title(text);
            case "find" -> arguments -> place(text, arguments.bind(name, "sub").text("sub"), false);
            case "rfind" -> arguments -> place(text, arguments.bind(name, "sub").text("sub"), true);
            case "index" ->
                    arguments -> {
                        long place = place(text, arguments.bind(name, "sub").text("sub"), false);
                        if (place < 0) {
                            throw new TemplateException("index(): the text is not in there");
                        }
                        return place;
                    };
            case "count" -> arguments -> count(text, arguments.bind(name, "sub").text("sub"));
            case "isdigit", "isnumeric", "isdecimal" -> arguments -> all(text, Character::isDigit);
            case "isalpha" -> arguments -> all(text, Character::isLetter);
            case "isalnum" -> arguments -> all(text, Character::isLetterOrDigit);
            case "isspace" -> arguments -> all(text, Points::isSpace);
            case "isupper" ->
                    arguments ->
                            text.equals(text.toUpperCase(Locale.ROOT))
                                    && !text.equals(text.toLowerCase(Locale.ROOT));
            case "islower" ->
                    arguments ->
                            text.equals(text.toLowerCase(Locale.ROOT))
                                    && !text.equals(text.toUpperCase(Locale.ROOT));
            default -> null;
        };
    }

    private static String strip(String text, Arguments.Bound bound, boolean start, boolean end) {
        String characters = bound.textOrNull("chars");
        if (characters != null && characters.isEmpty()) {
            return text;
        }
        return Points.strip(text, characters == null ? "" : characters, start, end);
    }

    /** The one text or the several texts that startswith and endswith look for. */
    private static java.util.stream.Stream<String> affixes(String name, Arguments arguments) {
        Object affix = arguments.bind(name, "affix").get("affix");
        return affix instanceof List<?> several
                ? several.stream().map(item -> Python.text(name + "()", item))
                : java.util.stream.Stream.of(Python.text(name + "()", affix));
    }

    private static List<Object> split(String text, Arguments.Bound bound) {
        String separator = bound.textOrNull("sep");
        int most = bound.integer("maxsplit", -1);
        List<Object> parts = new ArrayList<>();
        String rest = separator == null ? Points.strip(text, "", true, false) : text;
        while (most < 0 || parts.size() < most) {
            int at = separator == null ? space(rest) : rest.indexOf(required(separator));
            if (at < 0) {
                break;
            }
            parts.add(rest.substring(0, at));
            rest =
                    separator == null
                            ? Points.strip(rest.substring(at), "", true, false)
                            : rest.substring(at + separator.length());
        }
        if (separator != null || !rest.isEmpty()) {
            parts.add(rest);
        }
        return parts;
    }

    private static int space(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Points.isSpace(text.charAt(i))) {
                return i;
            }
        }
        return -1;
    }

    private static String required(String separator) {
        if (separator.isEmpty()) {
            throw new TemplateException("split(): the separator is empty");
        }
        return separator;
    }

    private static List<Object> rightSplit(String text, Arguments.Bound bound) {
        int most = bound.integer("maxsplit", -1);
        String separator = bound.textOrNull("sep");
        if (most < 0 || separator == null) {
            return split(text, bound);
        }
        List<Object> parts = new ArrayList<>();
        String rest = text;
        int at = rest.lastIndexOf(required(separator));
        while (at >= 0 && parts.size() < most) {
            parts.add(rest.substring(at + separator.length()));
            rest = rest.substring(0, at);
            at = rest.lastIndexOf(separator);
        }
        parts.add(rest);
        Collections.reverse(parts);
        return parts;
    }

    private static List<Object> lines(String text) {
        List<Object> lines = new ArrayList<>(List.of(LINE.split(text, -1)));
        if (lines.get(lines.size() - 1).equals("")) {
            lines.remove(lines.size() - 1);
        }
        return lines;
    }

    private static List<Object> partition(String text, String separator, boolean last) {
        int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return last ? List.of("", "", text) : List.of(text, "", "");
        }
        return List.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    /** Replaces the first ones, all if count is below 0. */
    static String replace(String text, String old, String replacement, int count) {
        if (count < 0) {
            return text.replace(old, replacement);
        }
        StringBuilder out = new StringBuilder();
        int from = 0;
        int at = text.indexOf(old);
        for (int done = 0; done < count && at >= 0 && !old.isEmpty(); done++) {
            out.append(text, from, at).append(replacement);
            from = at + old.length();
            at = text.indexOf(old, from);
        }
        return out.append(text.substring(from)).toString();
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(Locale.ROOT)
                + text.substring(first).toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            out.append(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
            inWord = Character.isLetter(c);
        }
        return out.toString();
    }

    private static long place(String text, String part, boolean last) {
        int at = last ? text.lastIndexOf(part) : text.indexOf(part);
        return at < 0 ? -1 : text.codePointCount(0, at);
    }

    private static long count(String text, String part) {
        if (part.isEmpty()) {
            return Points.length(text) + 1L;
        }
        long count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static boolean all(String text, IntPredicate kind) {
        return !text.isEmpty() && text.codePoints().allMatch(kind);
    }
}

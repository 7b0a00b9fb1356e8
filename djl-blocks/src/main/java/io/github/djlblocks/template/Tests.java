package io.github.djlblocks.template;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/** What may follow {@code is}. */
final class Tests {

    private static final Map<String, Predicate<Object>> ALONE =
            Map.ofEntries(
                    Map.entry("defined", value -> !(value instanceof Undefined)),
                    Map.entry("undefined", value -> value instanceof Undefined),
                    Map.entry("none", value -> value == None.NONE),
                    Map.entry("boolean", value -> value instanceof Boolean),
                    Map.entry("true", value -> value.equals(true)),
                    Map.entry("false", value -> value.equals(false)),
                    Map.entry("integer", value -> value instanceof Long),
                    Map.entry("float", value -> value instanceof Double),
                    Map.entry(
                            "number", value -> Python.isNumber(value) || value instanceof Boolean),
                    Map.entry("string", value -> value instanceof String),
                    Map.entry("mapping", value -> value instanceof Map),
                    Map.entry("sequence", Tests::isSequence),
                    Map.entry("iterable", value -> isSequence(value) || value instanceof Undefined),
                    Map.entry("callable", value -> value instanceof Callable),
                    Map.entry("odd", value -> Python.index("is odd", value) % 2 != 0),
                    Map.entry("even", value -> Python.index("is even", value) % 2 == 0),
                    Map.entry(
                            "lower",
                            value -> {
                                String text = PythonText.str(value);
                                return text.equals(text.toLowerCase(Locale.ROOT));
                            }),
                    Map.entry(
                            "upper",
                            value -> {
                                String text = PythonText.str(value);
                                return text.equals(text.toUpperCase(Locale.ROOT));
                            }),
                    Map.entry("filter", value -> Filters.isKnown(PythonText.str(value))),
                    Map.entry("test", value -> isKnown(PythonText.str(value))));

    private static final Map<String, BiPredicate<Object, Object>> WITH_ANOTHER =
            Map.ofEntries(
                    Map.entry("eq", Python::areEqual),
                    Map.entry("equalto", Python::areEqual),
                    Map.entry("sameas", Tests::isSame),
                    Map.entry("ne", (a, b) -> !Python.areEqual(a, b)),
                    Map.entry("lt", (a, b) -> Python.compare(a, b) < 0),
                    Map.entry("lessthan", (a, b) -> Python.compare(a, b) < 0),
                    Map.entry("le", (a, b) -> Python.compare(a, b) <= 0),
                    Map.entry("gt", (a, b) -> Python.compare(a, b) > 0),
                    Map.entry("greaterthan", (a, b) -> Python.compare(a, b) > 0),
                    Map.entry("ge", (a, b) -> Python.compare(a, b) >= 0),
                    Map.entry("in", (a, b) -> Python.contains(b, a)),
                    Map.entry(
                            "divisibleby",
                            (a, b) -> Python.areEqual(Operators.apply("%", a, b), 0L)));

    private Tests() {}

    private static boolean isKnown(String name) {
        return ALONE.containsKey(name) || WITH_ANOTHER.containsKey(name);
    }

    private static boolean isSequence(Object value) {
        return value instanceof List || value instanceof String || value instanceof Map;
    }

    private static boolean isSame(Object left, Object right) {
        return left == right || (left.getClass() == right.getClass() && left.equals(right));
    }

    /** Operators are names of tests, too. */
    static String byName(String name) {
        return switch (name) {
            case "==" -> "eq";
            case "!=" -> "ne";
            case "<" -> "lt";
            case "<=" -> "le";
            case ">" -> "gt";
            case ">=" -> "ge";
            default -> name;
        };
    }

    /** Refuses a test that is not known, when the template is read. */
    static void require(String name) {
        if (!isKnown(name)) {
            TreeSet<String> known = new TreeSet<>(ALONE.keySet());
            known.addAll(WITH_ANOTHER.keySet());
            throw new TemplateException(
                    "test '" + name + "' is not implemented; known: " + String.join(", ", known));
        }
    }

    static boolean holds(String name, Object value, Arguments arguments) {
        Predicate<Object> alone = ALONE.get(name);
        if (alone != null) {
            arguments.bind(name);
            return alone.test(value);
        }
        BiPredicate<Object, Object> pair = WITH_ANOTHER.get(name);
        if (pair == null) {
            require(name);
            return false;
        }
        return pair.test(value, arguments.bind(name, "other").get("other"));
    }
}

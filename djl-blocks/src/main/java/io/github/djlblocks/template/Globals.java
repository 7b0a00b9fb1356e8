package io.github.djlblocks.template;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions of Jinja, and those that transformers adds for chat templates. */
final class Globals {

    /** The most numbers of a range, as in Jinja's sandbox. */
    private static final int LONGEST_RANGE = 100_000;

    private Globals() {}

    static Map<String, Object> of(Clock clock) {
        return Map.of(
                "range", (Callable) Globals::range,
                "namespace", (Callable) Globals::namespace,
                "dict", (Callable) Globals::dict,
                "raise_exception", (Callable) Globals::raise,
                "joiner", (Callable) Globals::joiner,
                "strftime_now",
                        (Callable)
                                arguments ->
                                        Strftime.format(
                                                ZonedDateTime.now(clock),
                                                arguments
                                                        .bind("strftime_now", "format")
                                                        .text("format")));
    }

    private static Object range(Arguments arguments) {
        List<Object> given = arguments.positional();
        if (given.isEmpty() || given.size() > 3 || !arguments.named().isEmpty()) {
            throw new TemplateException("range() takes one to three numbers");
        }
        long start = given.size() == 1 ? 0 : Python.index("range()", given.get(0));
        long end = Python.index("range()", given.get(given.size() == 1 ? 0 : 1));
        long step = given.size() == 3 ? Python.index("range()", given.get(2)) : 1;
        if (step == 0) {
            throw new TemplateException("the step of range() must not be 0");
        }
        List<Object> numbers = new ArrayList<>();
        for (long i = start; step > 0 ? i < end : i > end; i += step) {
            if (numbers.size() == LONGEST_RANGE) {
                throw new TemplateException(
                        "range() has more than " + LONGEST_RANGE + " numbers, which is the most");
            }
            numbers.add(i);
        }
        return numbers;
    }

    private static Object namespace(Arguments arguments) {
        return new Namespace(entries("namespace", arguments));
    }

    private static Object dict(Arguments arguments) {
        Map<Object, Object> dict = new LinkedHashMap<>(entries("dict", arguments));
        return dict;
    }

    private static Map<String, Object> entries(String function, Arguments arguments) {
        Map<String, Object> entries = new LinkedHashMap<>();
        for (Object given : arguments.positional()) {
            if (!(given instanceof Map<?, ?> map)) {
                throw new TemplateException(
                        function + "() takes a dict or names, not a " + Python.typeOf(given));
            }
            map.forEach((key, value) -> entries.put(PythonText.str(key), value));
        }
        entries.putAll(arguments.named());
        return entries;
    }

    private static Object raise(Arguments arguments) {
        throw new TemplateException(
                PythonText.str(arguments.bind("raise_exception", "message").get("message")));
    }

    private static Object joiner(Arguments arguments) {
        Object separator = arguments.bind("joiner", "sep").get("sep", ", ");
        boolean[] used = new boolean[1];
        return (Callable)
                none -> {
                    boolean first = !used[0];
                    used[0] = true;
                    return first ? "" : separator;
                };
    }
}

package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods of lists and dicts that change nothing; those of text are in StringMethods. */
final class Methods {

    private static final List<String> CHANGING =
            List.of(
                    "append",
                    "extend",
                    "insert",
                    "pop",
                    "remove",
                    "reverse",
                    "sort",
                    "clear",
                    "update",
                    "setdefault",
                    "popitem");

    private Methods() {}

    /** A method of a value, or null if it has none of the name. */
    static @Nullable Callable find(Object value, String name) {
        if (value instanceof String text) {
            return StringMethods.find(text, name);
        }
        if (value instanceof Map<?, ?> map) {
            return dict(map, name);
        }
        return value instanceof List<?> list ? list(list, name) : null;
    }

    private static @Nullable Callable dict(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" -> arguments -> pairs(map);
            case "keys" -> arguments -> new ArrayList<Object>(map.keySet());
            case "values" -> arguments -> new ArrayList<Object>(map.values());
            case "copy" -> arguments -> map;
            case "get" ->
                    arguments -> {
                        Arguments.Bound bound = arguments.bind(name, "key", "default");
                        Object found = map.get(bound.get("key"));
                        return found == null ? bound.get("default", None.NONE) : found;
                    };
            default -> !map.containsKey(name) && CHANGING.contains(name) ? refused(name) : null;
        };
    }

    static List<Object> pairs(Map<?, ?> map) {
        List<Object> pairs = new ArrayList<>();
        map.forEach((key, value) -> pairs.add(List.<Object>of(key, value)));
        return pairs;
    }

    private static @Nullable Callable list(List<?> list, String name) {
        return switch (name) {
            case "index" ->
                    arguments -> {
                        Object wanted = arguments.bind(name, "value").get("value");
                        for (int i = 0; i < list.size(); i++) {
                            if (Python.areEqual(list.get(i), wanted)) {
                                return (long) i;
                            }
                        }
                        throw new TemplateException("the value is not in the list");
                    };
            case "count" ->
                    arguments -> {
                        Object wanted = arguments.bind(name, "value").get("value");
                        return list.stream().filter(item -> Python.areEqual(item, wanted)).count();
                    };
            case "copy" -> arguments -> list;
            default -> CHANGING.contains(name) ? refused(name) : null;
        };
    }

    private static Callable refused(String name) {
        return arguments -> {
            throw new TemplateException(
                    name + "() would change a value, which templates may not: build a new one");
        };
    }
}

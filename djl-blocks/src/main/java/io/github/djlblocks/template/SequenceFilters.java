package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The filters of lists and dicts. */
final class SequenceFilters {

    private SequenceFilters() {}

    static Map<String, Filters.Filter> all() {
        Map<String, Filters.Filter> all = new HashMap<>();
        all.put("length", (value, none) -> Python.length(value));
        all.put("count", (value, none) -> Python.length(value));
        all.put("list", (value, none) -> Python.items(value));
        all.put("first", (value, none) -> end(value, true));
        all.put("last", (value, none) -> end(value, false));
        all.put(
                "reverse",
                (value, none) -> Lookup.slice(sequence(value), None.NONE, None.NONE, -1L));
        all.put("join", SequenceFilters::join);
        all.put("sum", SequenceFilters::sum);
        all.put("min", (value, none) -> extreme(value, -1));
        all.put("max", (value, none) -> extreme(value, 1));
        all.put("sort", SequenceFilters::sort);
        all.put("unique", SequenceFilters::unique);
        all.put("items", (value, none) -> pairs(value));
        all.put("dictsort", SequenceFilters::dictSort);
        all.put("map", SequenceFilters::map);
        all.put("select", (value, arguments) -> select(value, arguments, false, true));
        all.put("reject", (value, arguments) -> select(value, arguments, false, false));
        all.put("selectattr", (value, arguments) -> select(value, arguments, true, true));
        all.put("rejectattr", (value, arguments) -> select(value, arguments, true, false));
        return all;
    }

    private static Object sequence(Object value) {
        return value instanceof String ? value : Python.items(value);
    }

    private static Object end(Object value, boolean first) {
        List<Object> items = Python.items(value);
        if (items.isEmpty()) {
            return new Undefined("there is no " + (first ? "first" : "last") + " item");
        }
        return items.get(first ? 0 : items.size() - 1);
    }

    private static Object join(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("join", "d", "attribute");
        Object attribute = bound.get("attribute", None.NONE);
        return String.join(
                PythonText.str(bound.get("d", "")),
                Python.items(value).stream()
                        .map(item -> PythonText.str(property(item, attribute)))
                        .toList());
    }

    /** A property by its path, as in {@code function.name}; the value itself for None. */
    private static Object property(Object item, Object path) {
        if (path == None.NONE) {
            return item;
        }
        Object found = item;
        for (String name : PythonText.str(path).split("\\.", -1)) {
            boolean index = !name.isEmpty() && name.chars().allMatch(Character::isDigit);
            found = Lookup.item(found, index ? (Object) Long.valueOf(name) : name);
        }
        return found;
    }

    private static Object sum(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("sum", "attribute", "start");
        Object sum = bound.get("start", 0L);
        for (Object item : Python.items(value)) {
            sum = Operators.apply("+", sum, property(item, bound.get("attribute", None.NONE)));
        }
        return sum;
    }

    private static Object extreme(Object value, int sign) {
        List<Object> items = Python.items(value);
        return items.isEmpty()
                ? new Undefined("there is no item")
                : Collections.max(items, (a, b) -> sign * Python.compare(folded(a), folded(b)));
    }

    /** Capitals do not count in order, as in Jinja. */
    private static Object folded(Object value) {
        return value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
    }

    private static Object sort(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
        boolean exact = bound.flag("case_sensitive", false);
        Object attribute = bound.get("attribute", None.NONE);
        Comparator<Object> order =
                (a, b) -> {
                    Object left = property(a, attribute);
                    Object right = property(b, attribute);
                    return Python.compare(
                            exact ? left : folded(left), exact ? right : folded(right));
                };
        List<Object> sorted = new ArrayList<>(Python.items(value));
        sorted.sort(bound.flag("reverse", false) ? order.reversed() : order);
        return sorted;
    }

    private static Object unique(Object value, Arguments arguments) {
        arguments.bind("unique");
        List<Object> unique = new ArrayList<>();
        for (Object item : Python.items(value)) {
            if (unique.stream().noneMatch(o -> Python.areEqual(folded(o), folded(item)))) {
                unique.add(item);
            }
        }
        return unique;
    }

    private static Object pairs(Object value) {
        if (value instanceof Undefined) {
            return List.of();
        }
        return Methods.pairs(dict("items", value));
    }

    private static Map<?, ?> dict(String filter, Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new TemplateException(filter + " needs a dict, not a " + Python.typeOf(value));
    }

    private static Object dictSort(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
        boolean exact = bound.flag("case_sensitive", false);
        long part = bound.get("by", "key").equals("value") ? 1L : 0L;
        Comparator<Object> order =
                (a, b) -> {
                    Object left = Lookup.item(a, part);
                    Object right = Lookup.item(b, part);
                    return Python.compare(
                            exact ? left : folded(left), exact ? right : folded(right));
                };
        List<Object> pairs = Methods.pairs(dict("dictsort", value));
        pairs.sort(bound.flag("reverse", false) ? order.reversed() : order);
        return pairs;
    }

    private static Object map(Object value, Arguments arguments) {
        List<Object> mapped = new ArrayList<>();
        if (arguments.positional().isEmpty()) {
            Arguments.Bound bound = arguments.bind("map", "attribute", "default");
            for (Object item : Python.items(value)) {
                Object found = property(item, bound.get("attribute"));
                mapped.add(found instanceof Undefined ? bound.get("default", found) : found);
            }
            return mapped;
        }
        Filters.Filter filter = Filters.named(Python.text("map()", arguments.positional().get(0)));
        Python.items(value).forEach(item -> mapped.add(filter.apply(item, arguments.rest())));
        return mapped;
    }

    private static Object select(
            Object value, Arguments arguments, boolean ofAttribute, boolean wanted) {
        Arguments rest = arguments;
        Object attribute = None.NONE;
        if (ofAttribute) {
            if (rest.positional().isEmpty()) {
                throw new TemplateException("selectattr() and rejectattr() need an attribute");
            }
            attribute = rest.positional().get(0);
            rest = rest.rest();
        }
        Predicate<Object> test = test(rest);
        List<Object> chosen = new ArrayList<>();
        for (Object item : Python.items(value)) {
            if (test.test(property(item, attribute)) == wanted) {
                chosen.add(item);
            }
        }
        return chosen;
    }

    private static Predicate<Object> test(Arguments arguments) {
        @Nullable Object name =
                arguments.positional().isEmpty() ? null : arguments.positional().get(0);
        if (name == null) {
            return Python::isTrue;
        }
        String test = Python.text("the test", name);
        Arguments rest = arguments.rest();
        Tests.require(Tests.byName(test));
        return item -> Tests.holds(Tests.byName(test), item, rest);
    }
}

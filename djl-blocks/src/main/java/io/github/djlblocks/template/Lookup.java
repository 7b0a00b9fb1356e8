package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Attributes, items and slices. {@code a.b} looks for a method first and {@code a['b']} for an item
 * first, as in Jinja; what neither finds is undefined.
 */
final class Lookup {

    private Lookup() {}

    static Object attribute(Object value, String name) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (value instanceof Namespace namespace) {
            Object found = namespace.attributes().get(name);
            return found == null ? missing(value, name) : found;
        }
        if (value instanceof Loop loop) {
            return loop.attribute(name);
        }
        Callable method = Methods.find(value, name);
        if (method != null) {
            return method;
        }
        Object found = value instanceof Map<?, ?> map ? map.get(name) : null;
        return found == null ? missing(value, name) : found;
    }

    static Object item(Object value, Object key) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (value instanceof Map<?, ?> map) {
            Object found = map.get(key);
            if (found != null) {
                return found;
            }
        } else if (Python.asNumber(key) instanceof Long index
                && (value instanceof List || value instanceof String)) {
            List<Object> items = Python.items(value);
            long place = index < 0 ? index + items.size() : index;
            return place >= 0 && place < items.size()
                    ? items.get((int) place)
                    : new Undefined(
                            "there is no item "
                                    + index
                                    + " in a "
                                    + Python.typeOf(value)
                                    + " of "
                                    + items.size());
        }
        return key instanceof String name ? attribute(value, name) : missing(value, key);
    }

    private static Undefined missing(Object value, Object name) {
        return new Undefined(
                "a " + Python.typeOf(value) + " has no '" + PythonText.str(name) + "'");
    }

    /** Every {@code step}-th item; bounds below zero count from the end, None stands for all. */
    static Object slice(Object value, Object from, Object to, Object by) {
        if (!(value instanceof List || value instanceof String)) {
            throw new TemplateException("a " + Python.typeOf(value) + " has no slices");
        }
        List<Object> items = Python.items(value);
        int size = items.size();
        int step = by == None.NONE ? 1 : Python.index("the step of a slice", by);
        if (step == 0) {
            throw new TemplateException("the step of a slice must not be 0");
        }
        int least = step > 0 ? 0 : -1;
        int most = step > 0 ? size : size - 1;
        int start = bound(from, size, least, most, step > 0 ? least : most);
        int end = bound(to, size, least, most, step > 0 ? most : least);
        List<Object> chosen = new ArrayList<>();
        for (long i = start; step > 0 ? i < end : i > end; i += step) {
            chosen.add(items.get((int) i));
        }
        if (value instanceof List) {
            return chosen;
        }
        StringBuilder text = new StringBuilder();
        chosen.forEach(text::append);
        return text.toString();
    }

    private static int bound(Object given, int size, int least, int most, int otherwise) {
        if (given == None.NONE) {
            return otherwise;
        }
        int index = Python.index("a bound of a slice", given);
        return Math.max(least, Math.min(most, index < 0 ? index + size : index));
    }
}

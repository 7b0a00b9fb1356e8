package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What values are and how they compare, as in Python. A value is a Boolean, Long, Double, String,
 * List, Map, {@link None}, {@link Undefined}, {@link Namespace} or {@link Callable}.
 */
final class Python {

    private Python() {}

    /** A value of Java as one of a template. */
    static Object value(@Nullable Object value) {
        if (value == null) {
            return None.NONE;
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>();
            map.forEach((key, item) -> copy.put(value(key), value(item)));
            return copy;
        }
        if (value instanceof Iterable<?> items) {
            List<Object> copy = new ArrayList<>();
            items.forEach(item -> copy.add(value(item)));
            return copy;
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof Float) {
            return ((Number) value).doubleValue();
        }
        if (isOwn(value)) {
            return value;
        }
        throw new IllegalArgumentException(
                "a template cannot take a "
                        + value.getClass().getName()
                        + ": give text, numbers, booleans, lists, maps or null");
    }

    private static boolean isOwn(Object value) {
        return value instanceof String
                || value instanceof Boolean
                || isNumber(value)
                || value instanceof Callable
                || value == None.NONE;
    }

    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double;
    }

    static boolean isTrue(Object value) {
        if (value instanceof Boolean truth) {
            return truth;
        }
        if (value instanceof Long number) {
            return number != 0;
        }
        if (value instanceof Double number) {
            return number != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof List<?> list) {
            return !list.isEmpty();
        }
        if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        }
        return value != None.NONE && !(value instanceof Undefined);
    }

    static String typeOf(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (value instanceof String) {
            return "str";
        }
        if (value instanceof Boolean) {
            return "bool";
        }
        if (value instanceof Long) {
            return "int";
        }
        if (value instanceof Double) {
            return "float";
        }
        if (value instanceof List) {
            return "list";
        }
        if (value instanceof Map) {
            return "dict";
        }
        return value == None.NONE ? "None" : value instanceof Namespace ? "namespace" : "function";
    }

    static boolean areEqual(Object left, Object right) {
        if (left instanceof List<?> a && right instanceof List<?> b) {
            if (a.size() != b.size()) {
                return false;
            }
            for (int i = 0; i < a.size(); i++) {
                if (!areEqual(a.get(i), b.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (left instanceof Undefined && right instanceof Undefined) {
            return true;
        }
        Object a = asNumber(left);
        Object b = asNumber(right);
        if (isNumber(a) && isNumber(b)) {
            return ((Number) a).doubleValue() == ((Number) b).doubleValue();
        }
        return left.equals(right);
    }

    /** In Python true is 1 and false is 0. */
    static Object asNumber(Object value) {
        return value instanceof Boolean truth ? (Object) (truth ? 1L : 0L) : value;
    }

    static int compare(Object left, Object right) {
        Object a = asNumber(left);
        Object b = asNumber(right);
        if (a instanceof Long first && b instanceof Long second) {
            return Long.compare(first, second);
        }
        if (isNumber(a) && isNumber(b)) {
            return Double.compare(((Number) a).doubleValue(), ((Number) b).doubleValue());
        }
        if (left instanceof String first && right instanceof String second) {
            return Points.compare(first, second);
        }
        if (left instanceof List<?> first && right instanceof List<?> second) {
            for (int i = 0; i < Math.min(first.size(), second.size()); i++) {
                int order = compare(first.get(i), second.get(i));
                if (order != 0) {
                    return order;
                }
            }
            return Integer.compare(first.size(), second.size());
        }
        throw new TemplateException(
                "a " + typeOf(left) + " and a " + typeOf(right) + " have no order");
    }

    static boolean contains(Object container, Object item) {
        if (container instanceof String text) {
            return text.contains(text("in", item));
        }
        if (container instanceof Map<?, ?> map) {
            return map.containsKey(item);
        }
        return items(container).stream().anyMatch(other -> areEqual(other, item));
    }

    /** What a loop goes over; the characters of a text, the keys of a dict. */
    static List<Object> items(Object value) {
        if (value instanceof List<?> list) {
            return List.copyOf(list);
        }
        if (value instanceof Map<?, ?> map) {
            return List.copyOf(map.keySet());
        }
        if (value instanceof String text) {
            return text.codePoints().mapToObj(point -> (Object) Character.toString(point)).toList();
        }
        if (value instanceof Undefined) {
            return List.of();
        }
        throw new TemplateException("a " + typeOf(value) + " cannot be looped over");
    }

    static long length(Object value) {
        if (value instanceof String text) {
            return Points.length(text);
        }
        if (value instanceof Map<?, ?> map) {
            return map.size();
        }
        if (value instanceof List || value instanceof Undefined) {
            return items(value).size();
        }
        throw new TemplateException("a " + typeOf(value) + " has no length");
    }

    static String text(String what, Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw new TemplateException(what + " must be a str, not a " + typeOf(value));
    }

    static int index(String what, Object value) {
        if (asNumber(value) instanceof Long number && Math.abs(number) <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw new TemplateException(what + " must be an int, not a " + typeOf(value));
    }
}

package io.github.djlblocks.template;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What may follow {@code |}: the filters of Jinja, and {@code tojson} as transformers has it. */
final class Filters {

    /** A function of a value and further arguments. */
    @FunctionalInterface
    interface Filter {

        Object apply(Object value, Arguments arguments);
    }

    private static final Map<String, Filter> ALL = new HashMap<>();

    static {
        ALL.putAll(SequenceFilters.all());
        text();
        numbers();
        ALL.put("default", Filters::otherwise);
        ALL.put("d", Filters::otherwise);
        ALL.put("tojson", Filters::json);
        ALL.put(
                "attr",
                (value, arguments) ->
                        Lookup.attribute(value, arguments.bind("attr", "name").text("name")));
    }

    private Filters() {}

    private static void text() {
        ALL.put("string", (value, arguments) -> PythonText.str(value));
        ALL.put("safe", (value, arguments) -> PythonText.str(value));
        ALL.put("lower", (value, none) -> PythonText.str(value).toLowerCase(Locale.ROOT));
        ALL.put("upper", (value, none) -> PythonText.str(value).toUpperCase(Locale.ROOT));
        ALL.put("capitalize", (value, none) -> StringMethods.capitalize(PythonText.str(value)));
        ALL.put("title", (value, none) -> StringMethods.title(PythonText.str(value)));
        ALL.put("trim", Filters::trim);
        ALL.put("replace", Filters::replace);
        ALL.put("indent", Filters::indent);
        ALL.put("e", (value, none) -> escape(PythonText.str(value)));
        ALL.put("escape", (value, none) -> escape(PythonText.str(value)));
        ALL.put(
                "wordcount",
                (value, none) -> {
                    String text = PythonText.str(value).strip();
                    return text.isEmpty() ? 0L : (long) text.split("\\s+", -1).length;
                });
    }

    private static void numbers() {
        ALL.put(
                "abs",
                (value, none) -> Python.compare(value, 0L) < 0 ? Operators.negative(value) : value);
        ALL.put("int", Filters::integer);
        ALL.put(
                "float",
                (value, arguments) -> {
                    Double number = number(value);
                    return number == null
                            ? arguments.bind("float", "default").get("default", 0.0)
                            : number;
                });
        ALL.put("round", Filters::round);
    }

    static boolean isKnown(String name) {
        return ALL.containsKey(name);
    }

    /** The filter of a name; refused when the template is read if there is none. */
    static Filter named(String name) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw new TemplateException(
                    "filter '"
                            + name
                            + "' is not implemented; known: "
                            + String.join(", ", new TreeSet<>(ALL.keySet())));
        }
        return filter;
    }

    private static Object otherwise(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("default", "default_value", "boolean");
        boolean missing =
                value instanceof Undefined
                        || (bound.flag("boolean", false) && !Python.isTrue(value));
        return missing ? bound.get("default_value", "") : value;
    }

    private static Object json(Object value, Arguments arguments) {
        Arguments.Bound bound =
                arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        if (bound.flag("ensure_ascii", false)) {
            throw new TemplateException("tojson(): ensure_ascii=true is not implemented");
        }
        String indent = indentation(bound.get("indent", None.NONE));
        Object separators = bound.get("separators", None.NONE);
        String comma = indent == null ? ", " : ",";
        String colon = ": ";
        if (separators != None.NONE) {
            comma = Python.text("separators", Lookup.item(separators, 0L));
            colon = Python.text("separators", Lookup.item(separators, 1L));
        }
        return PythonText.json(
                value, new PythonText.Style(indent, comma, colon, bound.flag("sort_keys", false)));
    }

    private static @Nullable String indentation(Object indent) {
        if (indent == None.NONE) {
            return null;
        }
        return indent instanceof String text
                ? text
                : " ".repeat(Math.max(0, Python.index("tojson(): indent", indent)));
    }

    private static Object trim(Object value, Arguments arguments) {
        String characters = arguments.bind("trim", "chars").textOrNull("chars");
        return Points.strip(
                PythonText.str(value), characters == null ? "" : characters, true, true);
    }

    private static Object replace(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("replace", "old", "new", "count");
        Object count = bound.get("count", None.NONE);
        return StringMethods.replace(
                PythonText.str(value),
                PythonText.str(bound.get("old")),
                PythonText.str(bound.get("new")),
                count == None.NONE ? -1 : Python.index("replace(): count", count));
    }

    private static Object indent(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("indent", "width", "first", "blank");
        Object width = bound.get("width", 4L);
        String space =
                width instanceof String text
                        ? text
                        : " ".repeat(Math.max(0, Python.index("indent(): width", width)));
        boolean blank = bound.flag("blank", false);
        StringBuilder out = new StringBuilder();
        String[] lines = PythonText.str(value).split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            boolean indented = i == 0 ? bound.flag("first", false) : blank || !lines[i].isEmpty();
            out.append(i == 0 ? "" : "\n").append(indented ? space : "").append(lines[i]);
        }
        return out.toString();
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    private static Object integer(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("int", "default", "base");
        if (bound.integer("base", 10) != 10) {
            throw new TemplateException("int(): only base 10 is implemented");
        }
        if (value instanceof Long) {
            return value;
        }
        Double number = number(value);
        return number == null ? bound.get("default", 0L) : (Object) number.longValue();
    }

    private static @Nullable Double number(Object value) {
        if (Python.asNumber(value) instanceof Number number) {
            return number.doubleValue();
        }
        if (value instanceof String text) {
            try {
                return Double.valueOf(text.strip());
            } catch (NumberFormatException e) {
                return null; // the default holds, as in Jinja
            }
        }
        return null;
    }

    private static Object round(Object value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("round", "precision", "method");
        String method = PythonText.str(bound.get("method", "common"));
        Double number = number(value);
        if (number == null) {
            throw new TemplateException("a " + Python.typeOf(value) + " cannot be rounded");
        }
        double scale = Math.pow(10, bound.integer("precision", 0));
        double scaled = number * scale;
        return switch (method) {
            case "common" -> Math.rint(scaled) / scale;
            case "ceil" -> Math.ceil(scaled) / scale;
            case "floor" -> Math.floor(scaled) / scale;
            default -> throw new TemplateException("round(): method must be common, ceil or floor");
        };
    }
}

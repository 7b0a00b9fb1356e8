package io.github.djlblocks.template;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How values are written: {@code str()}, {@code repr()} and {@code json.dumps()} of Python. */
final class PythonText {

    private PythonText() {}

    static String str(Object value) {
        if (value instanceof String text) {
            return text;
        }
        return value instanceof Undefined ? "" : repr(value);
    }

    private static String repr(Object value) {
        if (value instanceof String text) {
            return quoted(text);
        }
        if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        }
        if (value instanceof Double number) {
            return decimal(number);
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(", ", list.stream().map(PythonText::repr).toList()) + "]";
        }
        if (value instanceof Map<?, ?> map) {
            return "{"
                    + String.join(
                            ", ",
                            map.entrySet().stream()
                                    .map(e -> repr(e.getKey()) + ": " + repr(e.getValue()))
                                    .toList())
                    + "}";
        }
        if (value instanceof Long) {
            return value.toString();
        }
        if (value instanceof Undefined) {
            return "Undefined";
        }
        if (value == None.NONE) {
            return "None";
        }
        throw new TemplateException("a " + Python.typeOf(value) + " cannot be printed");
    }

    private static String quoted(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder().append(quote);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\r' -> out.append("\\r");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(c);
                    } else if (c < ' ' || c == 0x7f) {
                        out.append(String.format("\\x%02x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.append(quote).toString();
    }

    /** The shortest digits that read back as the same number; an exponent from 1e16 on. */
    static String decimal(double number) {
        if (Double.isNaN(number)) {
            return "nan";
        }
        if (Double.isInfinite(number)) {
            return number > 0 ? "inf" : "-inf";
        }
        double size = Math.abs(number);
        if (size == 0 || (size >= 1e-4 && size < 1e16)) {
            String plain = new BigDecimal(Double.toString(number)).toPlainString();
            String sign = number == 0 && 1 / number < 0 && !plain.startsWith("-") ? "-" : "";
            return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
        }
        String text = Double.toString(number);
        int e = text.indexOf('E');
        String digits = text.substring(0, e).replaceFirst("\\.0$", "");
        int exponent = Integer.parseInt(text.substring(e + 1));
        return digits
                + "e"
                + (exponent < 0 ? "-" : "+")
                + String.format("%02d", Math.abs(exponent));
    }

    /** As {@code json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=sorted)}. */
    static String json(Object value, Style style) {
        StringBuilder out = new StringBuilder();
        json(out, value, style, "\n");
        return out.toString();
    }

    /**
     * How JSON is laid out.
     *
     * @param indent what each level is indented with; null for one line
     * @param comma what stands between items
     * @param colon what stands between a key and its value
     * @param sorted whether keys are sorted
     */
    record Style(@Nullable String indent, String comma, String colon, boolean sorted) {}

    private static void json(StringBuilder out, Object value, Style style, String newLine) {
        if (value instanceof List<?> list) {
            String deeper = newLine + (style.indent() == null ? "" : style.indent());
            out.append('[');
            String separator = "";
            for (Object item : list) {
                out.append(separator).append(style.indent() == null ? "" : deeper);
                json(out, item, style, deeper);
                separator = style.comma();
            }
            out.append(list.isEmpty() || style.indent() == null ? "" : newLine).append(']');
        } else if (value instanceof Map<?, ?> map) {
            String deeper = newLine + (style.indent() == null ? "" : style.indent());
            out.append('{');
            String separator = "";
            for (Map.Entry<?, ?> entry : ordered(map, style.sorted()).entrySet()) {
                out.append(separator).append(style.indent() == null ? "" : deeper);
                string(out, key(entry.getKey()));
                out.append(style.colon());
                json(out, entry.getValue(), style, deeper);
                separator = style.comma();
            }
            out.append(map.isEmpty() || style.indent() == null ? "" : newLine).append('}');
        } else if (value instanceof String text) {
            string(out, text);
        } else {
            out.append(scalar(value));
        }
    }

    private static Map<?, ?> ordered(Map<?, ?> map, boolean sorted) {
        if (!sorted) {
            return map;
        }
        Map<Object, Object> copy = new TreeMap<>(Python::compare);
        copy.putAll(map);
        return copy;
    }

    private static String key(Object key) {
        return key instanceof String text ? text : scalar(key);
    }

    private static String scalar(Object value) {
        if (value instanceof Boolean || value instanceof Long) {
            return value.toString();
        }
        if (value instanceof Double number) {
            return Double.isNaN(number)
                    ? "NaN"
                    : Double.isInfinite(number)
                            ? (number > 0 ? "Infinity" : "-Infinity")
                            : decimal(number);
        }
        if (value == None.NONE) {
            return "null";
        }
        throw new TemplateException("a " + Python.typeOf(value) + " cannot be written as JSON");
    }

    private static void string(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ') {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}

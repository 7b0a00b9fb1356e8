package io.github.djlblocks.hybrid;

import java.util.ArrayList;
import java.util.List;

/**
 * A type as TorchScript writes it.
 *
 * @param text the whole of it, as in {@code Optional[Tensor]}
 * @param name what stands before the brackets
 * @param arguments what stands in them
 */
record ScriptType(String text, String name, List<ScriptType> arguments) {

    /**
     * Reads a type.
     *
     * @throws IllegalArgumentException if brackets do not match
     */
    static ScriptType parse(String text) {
        String trimmed = text.strip();
        int open = trimmed.indexOf('[');
        if (open < 0) {
            return new ScriptType(trimmed, trimmed, List.of());
        }
        if (!trimmed.endsWith("]")) {
            throw new IllegalArgumentException("'" + text + "' is no type of TorchScript");
        }
        List<ScriptType> arguments =
                split(trimmed.substring(open + 1, trimmed.length() - 1)).stream()
                        .map(ScriptType::parse)
                        .toList();
        return new ScriptType(trimmed, trimmed.substring(0, open), arguments);
    }

    /** Splits at the commas that are in no bracket and no string. */
    static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 0;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                if (c == '\\') {
                    i++;
                } else if (c == quote) {
                    quote = 0;
                }
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if ("([{".indexOf(c) >= 0) {
                depth++;
            } else if (")]}".indexOf(c) >= 0) {
                depth--;
            } else if (c == ',' && depth == 0) {
                parts.add(text.substring(from, i).strip());
                from = i + 1;
            }
        }
        parts.add(text.substring(from).strip());
        parts.removeIf(String::isEmpty);
        return parts;
    }

    boolean is(String other) {
        return name.equals(other);
    }

    boolean isTensor() {
        return is("Tensor");
    }

    /** What an {@code Optional} may hold, or the type itself. */
    ScriptType required() {
        return is("Optional") ? arguments.get(0) : this;
    }

    @Override
    public String toString() {
        return text;
    }
}

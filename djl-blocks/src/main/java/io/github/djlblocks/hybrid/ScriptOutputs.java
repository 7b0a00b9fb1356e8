package io.github.djlblocks.hybrid;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a method returns, as a list of tensors: a tuple in its order, a list in its order, a
 * dictionary in the order of its keys, one inside the other from the outside in.
 */
final class ScriptOutputs {

    private final Map<String, ScriptClass> classes;

    ScriptOutputs(Map<String, ScriptClass> classes) {
        this.classes = classes;
    }

    boolean isTuple(ScriptType type) {
        return type.is("Tuple") || namedTuple(type) != null;
    }

    private @Nullable ScriptClass namedTuple(ScriptType type) {
        ScriptClass found = classes.get(type.name());
        return found != null && found.base().equals("NamedTuple") ? found : null;
    }

    /** How many tensors a type always has, or -1 if that is not fixed. */
    int leaves(ScriptType type) {
        ScriptType inner = type.required();
        if (inner.isTensor()) {
            return 1;
        }
        if (!inner.is("Tuple")) {
            return -1;
        }
        int sum = 0;
        for (ScriptType element : inner.arguments()) {
            int count = leaves(element);
            if (count < 0) {
                return -1;
            }
            sum += count;
        }
        return sum;
    }

    /** The names of the outputs, or null if their number depends on the call. */
    @Nullable List<String> names(ScriptType type) {
        if (type.isTensor()) {
            return List.of("output");
        }
        List<String> names = new ArrayList<>();
        return collect(type, "", names) ? names : null;
    }

    private boolean collect(ScriptType type, String path, List<String> names) {
        if (type.isTensor()) {
            return names.add(path);
        }
        if (!isTuple(type)) {
            return false;
        }
        String before = path.isEmpty() ? "" : path + ".";
        for (Part part : parts(type)) {
            if (!collect(part.type(), before + part.name(), names)) {
                return false;
            }
        }
        return true;
    }

    private record Part(String name, ScriptType type) {}

    private List<Part> parts(ScriptType tuple) {
        List<Part> parts = new ArrayList<>();
        ScriptClass named = namedTuple(tuple);
        if (named != null) {
            named.fields().forEach((name, type) -> parts.add(new Part(name, type)));
        } else {
            for (ScriptType element : tuple.arguments()) {
                parts.add(new Part(Integer.toString(parts.size()), element));
            }
        }
        return parts;
    }

    /**
     * Writes the statements that append the tensors of {@code y} to {@code out} and their names to
     * {@code names}.
     *
     * @throws IllegalArgumentException if there is anything but tensors in it
     */
    String code(ScriptClass.Method method) {
        StringBuilder code = new StringBuilder();
        boolean single = method.returns().isTensor();
        emit(code, 4, "y", method.returns(), single ? "\"output\"" : "", 0, method);
        return code.toString();
    }

    private void emit(
            StringBuilder code,
            int indent,
            String value,
            ScriptType type,
            String name,
            int depth,
            ScriptClass.Method method) {
        String own = Integer.toString(code.length());
        if (type.isTensor()) {
            line(
                    code,
                    indent,
                    "a" + own + " = torch.append(out, (self).portable(" + value + ", ))");
            line(code, indent, "b" + own + " = torch.append(names, " + name + ")");
        } else if (isTuple(type)) {
            boolean isNamed = namedTuple(type) != null;
            for (Part part : parts(type)) {
                String at = isNamed ? "." + part.name() : "[" + part.name() + "]";
                String key = joined(name, "\"" + part.name() + "\"");
                emit(code, indent, value + at, part.type(), key, depth + 1, method);
            }
        } else if (type.is("List")) {
            line(code, indent, "l" + own + " = " + value);
            line(code, indent, "for i" + own + " in range(torch.len(l" + own + ")):");
            line(code, indent + 2, "k" + own + " = torch.format(\"{}\", i" + own + ")");
            String key = joined(name, "k" + own);
            String at = "l" + own + "[i" + own + "]";
            emit(code, indent + 2, at, type.arguments().get(0), key, depth + 1, method);
        } else if (type.is("Dict") && type.arguments().get(0).is("str")) {
            line(code, indent, "d" + own + " = " + value);
            line(code, indent, "l" + own + " = torch.keys(d" + own + ")");
            line(code, indent, "for i" + own + " in range(torch.len(l" + own + ")):");
            line(code, indent + 2, "k" + own + " = l" + own + "[i" + own + "]");
            String key = joined(name, "k" + own);
            String at = "d" + own + "[k" + own + "]";
            emit(code, indent + 2, at, type.arguments().get(1), key, depth + 1, method);
        } else if (type.is("Optional")) {
            line(code, indent, "o" + own + " = " + value);
            line(code, indent, "if torch.__isnot__(o" + own + ", None):");
            ScriptType inner = type.required();
            String u = "u" + own;
            line(code, indent + 2, u + " = unchecked_cast(" + inner + ", o" + own + ")");
            emit(code, indent + 2, u, inner, name, depth + 1, method);
            line(code, indent, "else:");
            line(code, indent + 2, "pass");
        } else {
            throw new IllegalArgumentException(
                    "method "
                            + method
                            + " returns "
                            + type
                            + ": a block returns tensors, and tuples, lists and dictionaries by"
                            + " strings of them");
        }
    }

    private static String joined(String path, String name) {
        return path.isEmpty() ? name : "torch.format(\"{}.{}\", " + path + ", " + name + ")";
    }

    private static void line(StringBuilder code, int indent, String text) {
        code.append(" ".repeat(indent)).append(text).append('\n');
    }
}

package io.github.djlblocks.hybrid;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A class of a TorchScript archive, as far as its declaration goes.
 *
 * @param base {@code Module} or {@code NamedTuple}, mostly
 * @param parameters names of attributes that are parameters
 * @param buffers names of attributes that are buffers
 * @param fields types of attributes
 * @param methods by name
 */
record ScriptClass(
        String base,
        Set<String> parameters,
        Set<String> buffers,
        Map<String, ScriptType> fields,
        Map<String, Method> methods) {

    private static final Pattern CLASS = Pattern.compile("(?m)^class (\\w+)(?:\\((\\w+)\\))?:");
    private static final Pattern LISTED =
            Pattern.compile("(?m)^  __(parameters|buffers)__ = \\[(.*)]");
    private static final Pattern FIELD = Pattern.compile("(?m)^  (\\w+) : (.+)$");
    private static final Pattern QUOTED = Pattern.compile("\"([^\"]*)\"");
    private static final Pattern METHOD =
            Pattern.compile("(?ms)^  def (\\w+)\\(self: [^,)]+,?(.*?)\\) -> ([^:\\n]+):$");

    /**
     * A method.
     *
     * @param arguments in their order, without {@code self}
     */
    record Method(String name, List<Argument> arguments, ScriptType returns) {

        @Override
        public String toString() {
            return name
                    + arguments.stream()
                            .map(Argument::toString)
                            .collect(java.util.stream.Collectors.joining(", ", "(", ")"))
                    + " -> "
                    + returns;
        }
    }

    /** An argument; a default is text of TorchScript, or null. */
    record Argument(String name, ScriptType type, @Nullable String value) {

        @Override
        public String toString() {
            return name + ": " + type + (value == null ? "" : "=" + value);
        }
    }

    /**
     * Reads the classes of a file.
     *
     * @param namespace what their names begin with
     * @param text the file
     * @return by their whole names
     */
    static Map<String, ScriptClass> parse(String namespace, String text) {
        Map<String, ScriptClass> classes = new LinkedHashMap<>();
        Matcher matcher = CLASS.matcher(text);
        while (matcher.find()) {
            int end = text.indexOf("\nclass ", matcher.end());
            int function = text.indexOf("\ndef ", matcher.end());
            if (function >= 0 && (end < 0 || function < end)) {
                end = function;
            }
            String body = text.substring(matcher.end(), end < 0 ? text.length() : end);
            String base = matcher.group(2) == null ? "" : matcher.group(2);
            classes.put(namespace + "." + matcher.group(1), of(base, body));
        }
        return classes;
    }

    private static ScriptClass of(String base, String body) {
        Map<String, Method> methods = new LinkedHashMap<>();
        Matcher method = METHOD.matcher(body);
        int declarations = body.length();
        while (method.find()) {
            declarations = Math.min(declarations, method.start());
            methods.put(
                    method.group(1),
                    new Method(
                            method.group(1),
                            arguments(method.group(2)),
                            ScriptType.parse(method.group(3))));
        }
        String head = body.substring(0, declarations);
        Map<String, ScriptType> fields = new LinkedHashMap<>();
        Matcher field = FIELD.matcher(head);
        while (field.find()) {
            fields.put(field.group(1), ScriptType.parse(field.group(2).replaceAll(" = .*", "")));
        }
        return new ScriptClass(
                base, listed(head, "parameters"), listed(head, "buffers"), fields, methods);
    }

    private static Set<String> listed(String head, String kind) {
        Set<String> names = new TreeSet<>();
        Matcher list = LISTED.matcher(head);
        while (list.find()) {
            if (list.group(1).equals(kind)) {
                QUOTED.matcher(list.group(2))
                        .results()
                        .map(match -> match.group(1))
                        .forEach(names::add);
            }
        }
        return names;
    }

    private static List<Argument> arguments(String text) {
        List<Argument> arguments = new ArrayList<>();
        for (String each : ScriptType.split(text)) {
            int colon = each.indexOf(':');
            String name = each.substring(0, colon).strip();
            String rest = each.substring(colon + 1).strip();
            int equals = rest.indexOf('=');
            ScriptType type = ScriptType.parse(equals < 0 ? rest : rest.substring(0, equals));
            arguments.add(new Argument(name, type, equals < 0 ? null : rest.substring(equals + 1)));
        }
        return arguments;
    }
}

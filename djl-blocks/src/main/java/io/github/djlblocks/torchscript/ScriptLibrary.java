package io.github.djlblocks.torchscript;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The functions that printed graphs call, from a file of TorchScript. */
final class ScriptLibrary {

    private static final Pattern FUNCTION = Pattern.compile("(?m)^def (\\w+)\\(self, ");
    private static final Pattern CALL = Pattern.compile("self\\.(\\w+)\\(");

    /** The primitives. */
    static final ScriptLibrary KERNELS = new ScriptLibrary("kernels.py", "linear.py");

    /** The primitives and what files need besides. */
    static final ScriptLibrary FILES = new ScriptLibrary("kernels.py", "linear.py", "files.py");

    /** The same in what PyTorch 1.13 has. */
    static final ScriptLibrary COMPATIBLE =
            new ScriptLibrary("kernels.py", "linear.py", "files.py", "kernels_compatible.py");

    private final Map<String, String> functions = new LinkedHashMap<>();

    /** Functions of later files replace those of the same name. */
    private ScriptLibrary(String... resources) {
        for (String resource : resources) {
            add(read(resource));
        }
    }

    private void add(String text) {
        Matcher matcher = FUNCTION.matcher(text);
        int from = -1;
        String name = "";
        while (matcher.find()) {
            if (from >= 0) {
                functions.put(name, text.substring(from, matcher.start()));
            }
            from = matcher.start();
            name = matcher.group(1);
        }
        functions.put(name, text.substring(from));
    }

    /** What packs weights and keeps them. */
    static List<String> storing() {
        ScriptLibrary library = new ScriptLibrary("linear.py", "storing.py");
        Set<String> wanted = new LinkedHashSet<>(library.functions.keySet());
        wanted.removeIf(name -> name.startsWith("linear_"));
        return library.methods(wanted, Script.CLASS);
    }

    /** The same with functions, and methods that call them. */
    static List<String> storing(Set<String> called, String... others) {
        List<String> methods = new ArrayList<>(storing());
        for (String method : KERNELS.methods(called, Script.CLASS)) {
            if (!methods.contains(method)) {
                methods.add(method);
            }
        }
        methods.addAll(List.of(others));
        return methods;
    }

    private static String read(String resource) {
        try (InputStream stream = ScriptLibrary.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException("the library lacks its file " + resource);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean has(String function) {
        return functions.containsKey(function);
    }

    /** The text of functions and of those they call, as methods of a class. */
    List<String> methods(Set<String> wanted, String className) {
        return wanted(wanted).map(text -> method(text, className)).toList();
    }

    /** The text of functions and of those they call, as functions of a namespace. */
    String functions(Set<String> wanted, String namespace) {
        return wanted(wanted)
                .map(text -> lines(text.replaceFirst("\\(self, ", "(")))
                .map(text -> CALL.matcher(text).replaceAll(namespace + ".$1("))
                .collect(Collectors.joining());
    }

    private Stream<String> wanted(Set<String> wanted) {
        Set<String> all = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(wanted);
        while (!open.isEmpty()) {
            String name = open.pop();
            String text = functions.get(name);
            if (text == null) {
                throw new IllegalArgumentException("there is no function " + name);
            }
            if (all.add(name)) {
                Matcher calls = CALL.matcher(text);
                while (calls.find()) {
                    open.push(calls.group(1));
                }
            }
        }
        return functions.entrySet().stream()
                .filter(function -> all.contains(function.getKey()))
                .map(Map.Entry::getValue);
    }

    private static String method(String text, String className) {
        return lines(text.replaceFirst("\\(self, ", "(self: " + className + ", "));
    }

    private static String lines(String text) {
        return text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .collect(Collectors.joining("\n", "", "\n"));
    }
}

package io.github.djlblocks.huggingface;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Fields of a configuration, each taken once; null is as good as missing. */
final class GenerationFields {

    private final String where;
    private final Map<String, Object> left = new LinkedHashMap<>();

    GenerationFields(String where, Map<String, @Nullable Object> json) {
        this.where = where;
        json.forEach(
                (name, value) -> {
                    if (value != null) {
                        left.put(name, value);
                    }
                });
    }

    String where() {
        return where;
    }

    /** What nobody took. */
    Map<String, Object> others() {
        return left;
    }

    @Nullable Object take(String name) {
        return left.remove(name);
    }

    long whole(String name, long otherwise) {
        Object value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number
                && number.doubleValue() == Math.rint(number.doubleValue())
                && Math.abs(number.doubleValue()) <= Integer.MAX_VALUE) {
            return number.longValue();
        }
        throw wrong(name, value, "a whole number");
    }

    double number(String name, double otherwise) {
        Object value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw wrong(name, value, "a number");
    }

    boolean flag(String name, boolean otherwise) {
        Object value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw wrong(name, value, "true or false");
    }

    /** One token or several. */
    Set<Long> tokens(String name, Set<Long> otherwise) {
        Object value = take(name);
        if (value == null) {
            return otherwise;
        }
        return new LinkedHashSet<>(
                run(name, value instanceof List<?> list ? list : List.of(value)));
    }

    List<List<Long>> runs(String name) {
        Object value = take(name);
        List<List<Long>> runs = new ArrayList<>();
        if (value == null) {
            return runs;
        }
        if (!(value instanceof List<?> list)) {
            throw wrong(name, value, "a list of lists of tokens");
        }
        for (Object run : list) {
            if (!(run instanceof List<?> tokens)) {
                throw wrong(name, value, "a list of lists of tokens");
            }
            runs.add(run(name, tokens));
        }
        return runs;
    }

    private List<Long> run(String name, List<?> tokens) {
        List<Long> run = new ArrayList<>();
        for (Object token : tokens) {
            if (!(token instanceof Long id)) {
                throw wrong(name, tokens, "tokens");
            }
            run.add(id);
        }
        return run;
    }

    /** One text or several. */
    List<String> texts(String name) {
        Object value = take(name);
        List<String> texts = new ArrayList<>();
        if (value == null) {
            return texts;
        }
        for (Object text : value instanceof List<?> list ? list : List.of(value)) {
            if (!(text instanceof String string)) {
                throw wrong(name, value, "a string or a list of strings");
            }
            texts.add(string);
        }
        return texts;
    }

    /** Refuses a value that changes the text. */
    void requireOneOf(String name, Object value, List<Object> neutral) {
        boolean harmless =
                neutral.stream()
                        .anyMatch(
                                one ->
                                        one.equals(value)
                                                || (one instanceof Number a
                                                        && value instanceof Number b
                                                        && a.doubleValue() == b.doubleValue()));
        if (!harmless) {
            throw new IllegalArgumentException(
                    where
                            + ": "
                            + name
                            + " ("
                            + value
                            + ") changes the text and is not implemented: take it out of the file");
        }
    }

    IllegalArgumentException wrong(String name, Object value, String expected) {
        return new IllegalArgumentException(
                where + ": " + name + " (" + value + ") must be " + expected);
    }
}

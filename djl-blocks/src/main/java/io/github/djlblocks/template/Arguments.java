package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call.
 *
 * @param positional those without a name
 * @param named those with one
 */
record Arguments(List<Object> positional, Map<String, Object> named) {

    static final Arguments NONE = new Arguments(List.of(), Map.of());

    /** Gives every argument its name, and refuses those that the function does not take. */
    Bound bind(String function, String... names) {
        if (positional.size() > names.length) {
            throw new TemplateException(
                    function
                            + "() takes at most "
                            + names.length
                            + " arguments, not "
                            + positional.size());
        }
        List<String> known = List.of(names);
        List<@Nullable Object> values = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            values.add(i < positional.size() ? positional.get(i) : named.get(names[i]));
        }
        named.forEach(
                (name, value) -> {
                    if (!known.contains(name) || known.indexOf(name) < positional.size()) {
                        throw new TemplateException(
                                function + "() takes no argument '" + name + "' here");
                    }
                });
        return new Bound(function, known, values);
    }

    /** These arguments without the first one. */
    Arguments rest() {
        return new Arguments(positional.subList(1, positional.size()), named);
    }

    /** Arguments under the names of a function. */
    record Bound(String function, List<String> names, List<@Nullable Object> values) {

        @Nullable Object find(String name) {
            return values.get(names.indexOf(name));
        }

        Object get(String name, Object otherwise) {
            Object value = find(name);
            return value == null ? otherwise : value;
        }

        Object get(String name) {
            Object value = find(name);
            if (value == null) {
                throw new TemplateException(function + "() needs an argument '" + name + "'");
            }
            return value;
        }

        String text(String name) {
            return Python.text(function + "(): " + name, get(name));
        }

        /** A text, or null where there is none or it is None. */
        @Nullable String textOrNull(String name) {
            Object value = find(name);
            return value == null || value == None.NONE
                    ? null
                    : Python.text(function + "(): " + name, value);
        }

        int integer(String name, int otherwise) {
            Object value = find(name);
            return value == null ? otherwise : Python.index(function + "(): " + name, value);
        }

        boolean flag(String name, boolean otherwise) {
            Object value = find(name);
            return value == null ? otherwise : Python.isTrue(value);
        }
    }
}

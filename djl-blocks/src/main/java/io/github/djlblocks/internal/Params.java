package io.github.djlblocks.internal;

import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/** What a caller passes along a forward pass. */
public final class Params {

    private Params() {}

    /**
     * Reads a param, and refuses one of another type: it would be ignored in silence.
     *
     * @param <T> its type
     * @param params the params, or none
     * @param name its name
     * @param type its type
     * @return its value, or null if it is not among them
     * @throws IllegalArgumentException if it has another type
     */
    public static <T> @Nullable T get(
            @Nullable PairList<String, Object> params, String name, Class<T> type) {
        Object value = params == null ? null : params.get(name);
        if (value != null && !type.isInstance(value)) {
            throw new IllegalArgumentException(
                    "param "
                            + name
                            + " is "
                            + named(value.getClass())
                            + ", expected "
                            + named(type));
        }
        return value == null ? null : type.cast(value);
    }

    private static String named(Class<?> type) {
        String name = type.getSimpleName();
        boolean vowel = !name.isEmpty() && "AEIO".indexOf(name.charAt(0)) >= 0;
        return (vowel || name.startsWith("ND") ? "an " : "a ") + name;
    }
}

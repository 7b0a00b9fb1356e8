package io.github.djlblocks.core;

import ai.djl.nn.Block;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which adapter applies in a pass: the value of the param {@value #KEY}. A caller gives a name; the
 * outermost block of this library puts this in its place once it has found such an adapter, and
 * blocks hand it on to the blocks they are made of. Without the param linear maps are used alone.
 */
public final class AdapterChoice {

    /** Under this key the name of an adapter lies in {@code params}. */
    public static final String KEY = "adapter";

    private final String name;
    private final long version;

    AdapterChoice(String name, long version) {
        this.name = name;
        this.version = version;
    }

    /**
     * Chooses an adapter of a model for passes over parts of it, which need not have it themselves;
     * give it as the value of the param.
     *
     * @param model where the adapter is looked for
     * @param name its name
     * @return the choice
     * @throws IllegalArgumentException if there is no such adapter; the message names those there
     *     are
     * @throws IllegalStateException if one is merged into the weights
     */
    public static AdapterChoice of(Block model, String name) {
        return KnownAdapters.of(model, null).choice(name);
    }

    /**
     * Returns what a block hands on to blocks that are to know the adapter and nothing else.
     *
     * @param params what the caller passes along, or none
     * @return the choice alone, or null if there is none
     */
    public static @Nullable PairList<String, Object> only(
            @Nullable PairList<String, Object> params) {
        Object choice = value(params);
        if (choice == null) {
            return null;
        }
        PairList<String, Object> only = new PairList<>(1);
        only.add(KEY, choice);
        return only;
    }

    /**
     * Adds the choice of a caller to what a block passes along of its own.
     *
     * @param own is changed
     * @param params what the caller passes along, or none
     * @return {@code own}
     */
    public static PairList<String, Object> onto(
            PairList<String, Object> own, @Nullable PairList<String, Object> params) {
        Object choice = value(params);
        if (choice != null) {
            own.add(KEY, choice);
        }
        return own;
    }

    /**
     * Returns params that choose an adapter besides what they hold.
     *
     * @param params the params, or none; stay as they are
     * @param name the name of an adapter
     * @return new params
     * @throws IllegalArgumentException if they choose another one
     */
    public static PairList<String, Object> with(
            @Nullable PairList<String, Object> params, String name) {
        Object other = value(params);
        if (params != null && other != null && nameOf(other).equals(name)) {
            return params;
        }
        if (other != null) {
            throw new IllegalArgumentException(
                    "param " + KEY + " is " + nameOf(other) + " already, not " + name);
        }
        PairList<String, Object> all = new PairList<>();
        if (params != null) {
            all.addAll(params);
        }
        all.add(KEY, Objects.requireNonNull(name));
        return all;
    }

    /** The name in params, or null; what is checked already and what is not. */
    static @Nullable String name(@Nullable PairList<String, Object> params) {
        Object choice = value(params);
        return choice == null ? null : nameOf(choice);
    }

    /** The name that a caller gives, of which no block has been told yet. */
    static @Nullable String unchecked(@Nullable PairList<String, Object> params) {
        return value(params) instanceof String name ? name : null;
    }

    /** The params with the choice in the place of its name. */
    static PairList<String, Object> checked(PairList<String, Object> params, AdapterChoice choice) {
        PairList<String, Object> checked = new PairList<>(params.size());
        for (Pair<String, Object> param : params) {
            boolean own = param.getKey().equals(KEY);
            checked.add(param.getKey(), own ? choice : param.getValue());
        }
        return checked;
    }

    private static @Nullable Object value(@Nullable PairList<String, Object> params) {
        Object value = params == null ? null : params.get(KEY);
        if (value == null || value instanceof String || value instanceof AdapterChoice) {
            return value;
        }
        throw new IllegalArgumentException(
                "param "
                        + KEY
                        + " is a "
                        + value.getClass().getSimpleName()
                        + ", expected a String: the name of an adapter");
    }

    private static String nameOf(Object choice) {
        return choice instanceof AdapterChoice known ? known.name : choice.toString();
    }

    /**
     * Returns the name.
     *
     * @return the name of the adapter
     */
    public String name() {
        return name;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AdapterChoice choice
                && choice.name.equals(name)
                && choice.version == version;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, version);
    }

    @Override
    public String toString() {
        return name;
    }
}

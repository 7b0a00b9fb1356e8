package io.github.djlblocks.hybrid;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/**
 * What is known of an input.
 *
 * @param name the argument it is, or is a part of: {@code mask.key}, {@code states[]}, {@code
 *     past()}
 * @param shape its shape with -1 for what is free, or null if any will do
 * @param type its type, or null if any will do
 */
record InputSpec(String name, @Nullable Shape shape, @Nullable DataType type) {

    /** The argument. */
    String argument() {
        if (name.endsWith("[]") || name.endsWith("()")) {
            return name.substring(0, name.length() - 2);
        }
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    /** The key of a dictionary, or null if it is no part of one. */
    @Nullable String key() {
        int dot = name.indexOf('.');
        return dot < 0 ? null : name.substring(dot + 1);
    }

    /** Says what is wrong with a shape, or null. */
    @Nullable String fault(Shape given) {
        if (shape == null) {
            return null;
        }
        boolean fits = shape.dimension() == given.dimension();
        for (int i = 0; fits && i < shape.dimension(); i++) {
            fits = shape.get(i) < 0 || given.get(i) < 0 || shape.get(i) == given.get(i);
        }
        return fits ? null : "input '" + name + "' has shape " + given + ", expected " + shape;
    }

    @Override
    public String toString() {
        return name
                + (type == null ? "" : " " + type)
                + (shape == null ? "" : " " + shape.toString());
    }
}

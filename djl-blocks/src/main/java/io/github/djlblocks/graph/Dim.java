package io.github.djlblocks.graph;

import org.jspecify.annotations.Nullable;

/**
 * The extent of one axis: a number that is always the same, or a symbol such as the batch size,
 * which had some number while the graph was recorded and has another in a later call. Symbols are
 * compared by identity.
 */
public final class Dim {

    /** One. */
    public static final Dim ONE = new Dim(1, true);

    private final long hint;
    private final boolean constant;
    private @Nullable Value origin;
    private int axis;

    private Dim(long hint, boolean constant) {
        this.hint = hint;
        this.constant = constant;
    }

    /**
     * Holds a number.
     *
     * @param extent from 0 up
     * @return the constant
     */
    public static Dim of(long extent) {
        return extent == 1 ? ONE : new Dim(extent, true);
    }

    /**
     * Makes a symbol.
     *
     * @param hint what it was while recording; of 1 it is the constant 1, which broadcasts
     * @return a new symbol
     */
    public static Dim symbol(long hint) {
        return hint == 1 ? ONE : new Dim(hint, false);
    }

    /**
     * Makes a symbol that may have been 1 by chance.
     *
     * @param hint what it was while recording
     * @return a new symbol
     */
    public static Dim variable(long hint) {
        return new Dim(hint, false);
    }

    /**
     * Returns what it is, or was while recording.
     *
     * @return from 0 up
     */
    public long hint() {
        return hint;
    }

    /**
     * Says whether it is the same in every call.
     *
     * @return false for a symbol
     */
    public boolean isConstant() {
        return constant;
    }

    /** Remembers the first value that has this axis. */
    void originate(Value value, int at) {
        if (origin == null && !constant) {
            origin = value;
            axis = at;
        }
    }

    /**
     * Returns a value that has this extent, from which a later call learns it.
     *
     * @return the first such value
     * @throws IllegalStateException if it is a constant, or no value has it
     */
    public Value origin() {
        if (origin == null) {
            throw new IllegalStateException("no value has the axis " + this);
        }
        return origin;
    }

    /**
     * Returns which axis of {@link #origin} it is.
     *
     * @return from 0 up
     */
    public int axis() {
        return axis;
    }

    @Override
    public String toString() {
        if (constant) {
            return Long.toString(hint);
        }
        return origin == null ? "?" + hint : origin.name() + "[" + axis + "]";
    }
}

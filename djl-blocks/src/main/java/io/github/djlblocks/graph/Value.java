package io.github.djlblocks.graph;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What flows along the edges of a {@link Graph}: an array, or one number. Compared by identity. */
public final class Value {

    /** Where a value comes from. */
    public enum Kind {
        /** An array given in each call. */
        INPUT,
        /** An integer given in each call. */
        NUMBER,
        /** A parameter of a block. */
        PARAMETER,
        /** Numbers that are always the same. */
        CONSTANT,
        /** What a node computes. */
        RESULT
    }

    private final Kind kind;
    private final String name;
    private final List<Dim> dims;
    private final DataType dataType;
    private final @Nullable Object source;

    Value(Kind kind, String name, List<Dim> dims, DataType dataType, @Nullable Object source) {
        this.kind = kind;
        this.name = name;
        this.dims = List.copyOf(dims);
        this.dataType = dataType;
        this.source = source;
        for (int axis = 0; axis < dims.size(); axis++) {
            dims.get(axis).originate(this, axis);
        }
    }

    /**
     * Returns where it comes from.
     *
     * @return its kind
     */
    public Kind kind() {
        return kind;
    }

    /**
     * Returns a name that no other value of the graph has.
     *
     * @return an identifier
     */
    public String name() {
        return name;
    }

    /**
     * Returns its extents.
     *
     * @return one an axis; none for a number
     */
    public List<Dim> dims() {
        return dims;
    }

    /**
     * Returns how many axes it has.
     *
     * @return from 0 up
     */
    public int rank() {
        return dims.size();
    }

    /**
     * Returns its type.
     *
     * @return the type it has where nothing is converted
     */
    public DataType dataType() {
        return dataType;
    }

    /**
     * Returns the parameter it stands for.
     *
     * @return the parameter
     * @throws IllegalStateException if it is no parameter
     */
    public Parameter parameter() {
        if (source instanceof Parameter parameter) {
            return parameter;
        }
        throw new IllegalStateException(name + " is no parameter");
    }

    /**
     * Returns the numbers it stands for.
     *
     * @return in row-major order
     * @throws IllegalStateException if it is no constant
     */
    public double[] constant() {
        if (source instanceof double[] numbers) {
            return numbers.clone();
        }
        throw new IllegalStateException(name + " is no constant");
    }

    @Override
    public String toString() {
        return name + ": " + dataType + dims;
    }
}

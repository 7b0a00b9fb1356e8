package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the families of recorded primitives share: extents and types of arrays. */
interface Recording {

    Recorder recorder();

    /** Records a call whose result is like its first operand. */
    default NDArray like(String operation, NDArray x, @Nullable Object... operands) {
        return recorder().call(operation, dims(x), x.getDataType(), operands);
    }

    /** Records a call whose result has the type of an array and extents of its own. */
    default NDArray shaped(
            String operation, List<Dim> dims, NDArray like, @Nullable Object... operands) {
        return recorder().call(operation, dims, like.getDataType(), operands);
    }

    default List<Dim> dims(NDArray array) {
        if (array instanceof TracedArray traced) {
            return traced.dims();
        }
        throw new UnsupportedOperationException(
                "an array " + array.getShape() + " that was not recorded takes part");
    }

    default Dim dim(NDArray array, int axis) {
        List<Dim> dims = dims(array);
        return dims.get(axis < 0 ? dims.size() + axis : axis);
    }

    /** The extents of an array with another last one. */
    default List<Dim> withLast(NDArray x, Dim last) {
        return replaced(dims(x), dims(x).size() - 1, last);
    }

    /** Extents with another one in a place. */
    static List<Dim> replaced(List<Dim> dims, int axis, Dim extent) {
        List<Dim> copy = new ArrayList<>(dims);
        copy.set(axis, extent);
        return copy;
    }

    /** Of two extents that broadcast, the one that is not 1. */
    static Dim wider(Dim a, Dim b) {
        return a.isConstant() && a.hint() == 1 ? b : a;
    }

    static void require(boolean fits, String problem, NDArray a, NDArray b) {
        if (!fits) {
            throw new IllegalArgumentException(
                    problem + ": " + a.getShape() + " and " + b.getShape());
        }
    }

    static void requireSame(String problem, NDArray a, NDArray b) {
        require(a.getShape().equals(b.getShape()), problem, a, b);
    }

    static boolean broadcasts(Shape from, Shape to) {
        int missing = to.dimension() - from.dimension();
        boolean fits = missing >= 0;
        for (int axis = 0; fits && axis < from.dimension(); axis++) {
            fits = from.get(axis) == 1 || from.get(axis) == to.get(axis + missing);
        }
        return fits;
    }

    /** FLOAT64 stays what it is; everything else is computed in FLOAT32. */
    static DataType atLeastSingle(DataType type) {
        return type == DataType.FLOAT64 ? DataType.FLOAT64 : DataType.FLOAT32;
    }

    static UnsupportedOperationException refused(String operation, String reason) {
        return new UnsupportedOperationException(operation + " cannot be recorded: " + reason);
    }
}

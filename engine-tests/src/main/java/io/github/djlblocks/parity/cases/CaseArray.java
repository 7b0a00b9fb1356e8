package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.Map;

/** An array of a case: numbers on the host, made an NDArray of an engine or a Var of the oracle. */
record CaseArray(String name, Kind kind, HostArray host, boolean positional) {

    enum Kind {
        FLOATING,
        INTEGER,
        BOOLEAN
    }

    /** Row-major numbers and their extents. */
    static final class HostArray {

        private final double[] values;
        private final Shape shape;

        HostArray(double[] values, Shape shape) {
            this.values = values.clone();
            this.shape = shape;
        }

        Shape shape() {
            return shape;
        }

        NDArray toNDArray(NDManager manager, DataType dataType) {
            return RandomTensors.toNDArray(manager, values, shape, dataType);
        }

        boolean[] truths() {
            boolean[] truths = new boolean[values.length];
            for (int i = 0; i < truths.length; i++) {
                truths[i] = values[i] != 0;
            }
            return truths;
        }

        /** What an engine holds after rounding to a dtype. */
        Var toVar(DataType dataType) {
            return Var.of(RandomTensors.rounded(values, dataType), extents());
        }

        Var toVar() {
            return Var.of(values, extents());
        }

        HostArray scaled(double factor) {
            return new HostArray(Arrays.stream(values).map(v -> v * factor).toArray(), shape);
        }

        private int[] extents() {
            return Arrays.stream(shape.getShape()).mapToInt(Math::toIntExact).toArray();
        }
    }

    CaseArray scaled(double factor) {
        return kind == Kind.FLOATING && positional
                ? new CaseArray(name, kind, host.scaled(factor), true)
                : this;
    }

    /** The shape with -1 for free axes: those given under this name, or the usual ones. */
    Shape unknown(Map<String, int[]> given) {
        long[] extents = host.shape().getShape().clone();
        int[] axes = given.get(name);
        for (int axis : axes == null ? usualFreeAxes(extents.length) : axes) {
            extents[axis] = -1;
        }
        return new Shape(extents);
    }

    private int[] usualFreeAxes(int rank) {
        if (rank == 0) {
            return new int[0];
        }
        // (B, S), (B, S, E), (B, H, S, D): batch and length; of a matrix of numbers the rows alone
        boolean length = rank > 2 || (rank == 2 && kind == Kind.INTEGER);
        return length ? new int[] {0, Math.max(1, rank - 2)} : new int[] {0};
    }

    NDArray toNDArray(NDManager manager, DataType dataType) {
        return switch (kind) {
            case FLOATING -> host.toNDArray(manager, dataType);
            case INTEGER -> host.toNDArray(manager, DataType.INT64);
            case BOOLEAN -> manager.create(host.truths(), host.shape());
        };
    }

    Var toVar(DataType dataType) {
        return kind == Kind.FLOATING ? host.toVar(dataType) : host.toVar();
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Positions in DJL operations that every engine has and can differentiate. */
interface PortablePositions extends PositionKernels {

    @Override
    default RotaryTable rotaryTable(NDArray positions, RotarySpec spec, DataType dataType) {
        return PortableRotary.table(positions, spec, dataType);
    }

    @Override
    default NDArray rotate(NDArray x, RotaryTable table) {
        return PortableRotary.rotate(x, table);
    }

    @Override
    default NDArray positions(NDArray x, int axis, long... past) {
        int length = Math.toIntExact(x.getShape().get(axis));
        long[] positions = new long[past.length * length];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = past[i / length] + i % length;
        }
        return x.getManager().create(positions, new Shape(past.length, length));
    }
}

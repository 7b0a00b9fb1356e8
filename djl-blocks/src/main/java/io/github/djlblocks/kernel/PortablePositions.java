package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Positions in DJL operations that every engine has and can differentiate. */
interface PortablePositions extends PositionKernels {

    @Override
    default NDArray positions(NDArray x, int axis, long past) {
        int length = Math.toIntExact(x.getShape().get(axis));
        long[] positions = new long[length];
        for (int s = 0; s < length; s++) {
            positions[s] = past + s;
        }
        return x.getManager().create(positions, new Shape(1, length));
    }

    @Override
    default RotaryTable rotaryTable(NDArray positions, RotarySpec spec, DataType dataType) {
        return PortableRotary.table(positions, spec, dataType);
    }

    @Override
    default NDArray rotate(NDArray x, RotaryTable table) {
        return PortableRotary.rotate(x, table);
    }
}

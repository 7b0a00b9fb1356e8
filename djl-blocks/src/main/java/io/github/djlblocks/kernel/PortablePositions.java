package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.stream.LongStream;

/** Positions in DJL operations that every engine has and can differentiate. */
interface PortablePositions extends PositionKernels {

    @Override
    default NDArray keyPositions(NDArray x, int axis, Past past) {
        long keys = past.longest() + x.getShape().get(axis);
        long[] positions = LongStream.range(0, keys).toArray();
        return OwnMemory.of(x.getManager().create(positions, new Shape(1, positions.length)));
    }

    @Override
    default NDArray zeroIndices(NDArray x) {
        return x.getManager().zeros(new Shape(1, x.getShape().get(1)), DataType.INT64);
    }

    @Override
    default NDArray maskedPositions(NDArray mask, long length, long first, long padding) {
        return PortableCounts.maskedPositions(mask, length, first, padding);
    }

    @Override
    default NDArray tokenMask(NDArray ids, long paddingId) {
        return PortableCounts.tokenMask(ids, paddingId);
    }

    @Override
    default NDArray tokenPositions(NDArray ids, long paddingId) {
        return PortableCounts.tokenPositions(ids, paddingId);
    }

    @Override
    default NDArray tableRows(NDArray indices, NDArray table, long offset, String what) {
        return PortableCounts.tableRows(indices, table, offset, what);
    }

    @Override
    default NDArray addRows(NDArray x, NDArray rows) {
        Shape shape = x.getShape();
        Shape given = rows.getShape();
        boolean batchFits =
                given.dimension() == 3 && (given.get(0) == 1 || given.get(0) == shape.get(0));
        if (!batchFits || !given.slice(1).equals(shape.slice(1))) {
            throw new IllegalArgumentException(
                    "rows of shape "
                            + given
                            + " cannot be added to "
                            + shape
                            + " (B, S, E): give one for each of the S tokens");
        }
        return x.add(rows);
    }

    @Override
    default NDArray sinusoids(NDArray positions, SinusoidSpec spec, DataType dataType) {
        return PortableSinusoids.table(positions, spec, dataType);
    }

    @Override
    default RotaryTable rotaryTable(NDArray positions, RotarySpec spec, DataType dataType) {
        return PortableRotary.table(positions, spec, dataType);
    }

    @Override
    default NDArray rotate(NDArray x, RotaryTable table) {
        return PortableRotary.rotate(x, table);
    }

    @Override
    default NDArray positions(NDArray x, int axis, Past past) {
        long[] first = past.lengths();
        int length = Math.toIntExact(x.getShape().get(axis));
        long[] positions = new long[first.length * length];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = first[i / length] + i % length;
        }
        return OwnMemory.of(x.getManager().create(positions, new Shape(first.length, length)));
    }

    @Override
    default NDArray linearBias(
            NDArray queries, NDArray keys, LinearBiasSpec spec, DataType dataType) {
        return PortableBiases.linear(queries, keys, spec, dataType);
    }

    @Override
    default NDArray bucketBias(NDArray queries, NDArray keys, NDArray table, BucketSpec spec) {
        return PortableBiases.bucketed(queries, keys, table, spec);
    }
}

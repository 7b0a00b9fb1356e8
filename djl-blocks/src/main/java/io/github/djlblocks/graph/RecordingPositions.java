package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.kernel.LinearBiasSpec;
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.kernel.PositionKernels;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.kernel.SinusoidSpec;
import java.util.Collections;
import java.util.List;

/** Recorded positions. */
interface RecordingPositions extends PositionKernels, Recording {

    @Override
    default NDArray positions(NDArray x, int axis, Past past) {
        Dim rows = past.isRagged() ? dim(x, 0) : Dim.ONE;
        return recorder()
                .call("positions", List.of(rows, dim(x, axis)), DataType.INT64, x, axis, past);
    }

    @Override
    default NDArray keyPositions(NDArray x, int axis, Past past) {
        Dim keys =
                past instanceof TracedPast
                        ? Dim.variable(past.longest() + dim(x, axis).hint())
                        : past.longest() == 0
                                ? dim(x, axis)
                                : Dim.variable(past.longest() + dim(x, axis).hint());
        return recorder()
                .call("keyPositions", List.of(Dim.ONE, keys), DataType.INT64, x, axis, past);
    }

    @Override
    default NDArray zeroIndices(NDArray x) {
        return recorder().call("zeroIndices", List.of(Dim.ONE, dim(x, 1)), DataType.INT64, x);
    }

    @Override
    default NDArray maskedPositions(NDArray mask, long length, long first, long padding) {
        throw Recording.refused("maskedPositions", "its length is a number of one call");
    }

    @Override
    default NDArray tokenMask(NDArray ids, long paddingId) {
        return recorder().call("tokenMask", dims(ids), DataType.INT64, ids, paddingId);
    }

    @Override
    default NDArray tokenPositions(NDArray ids, long paddingId) {
        return recorder().call("tokenPositions", dims(ids), DataType.INT64, ids, paddingId);
    }

    @Override
    default NDArray tableRows(NDArray indices, NDArray table, long offset, String what) {
        Dim rows = dim(indices, 0);
        List<Dim> dims = List.of(rows, dim(indices, 1), dim(table, 1));
        return shaped("tableRows", dims, table, indices, table, offset, what);
    }

    @Override
    default NDArray addRows(NDArray x, NDArray rows) {
        Shape shape = x.getShape();
        Shape given = rows.getShape();
        boolean batchFits =
                given.dimension() == 3 && (given.get(0) == 1 || given.get(0) == shape.get(0));
        Recording.require(
                batchFits && given.slice(1).equals(shape.slice(1)), "rows do not fit", x, rows);
        return like("addRows", x, x, rows);
    }

    @Override
    default NDArray sinusoids(NDArray positions, SinusoidSpec spec, DataType dataType) {
        List<Dim> dims = List.of(dim(positions, 0), dim(positions, 1), Dim.of(spec.channels()));
        double[] frequencies = spec.frequencies();
        NDArray rates =
                recorder().constant(DataType.FLOAT64, new long[] {frequencies.length}, frequencies);
        return recorder().call("sinusoids", dims, dataType, positions, rates, spec, dataType);
    }

    @Override
    default RotaryTable rotaryTable(NDArray positions, RotarySpec spec, DataType dataType) {
        int rank = positions.getShape().dimension();
        Recording.require(
                rank == 2 || (rank == 3 && dim(positions, 0).hint() == spec.positionAxes()),
                "positions do not fit the rotary embedding",
                positions,
                positions);
        List<Dim> dims =
                List.of(dim(positions, -2), Dim.ONE, dim(positions, -1), Dim.of(spec.rotaryDim()));
        DataType wide = Recording.atLeastSingle(dataType);
        boolean decays = spec.decay() != null;
        List<NDArray> tables =
                recorder()
                        .callAll(
                                "rotaryTable",
                                true,
                                Collections.nCopies(decays ? 4 : 2, dims),
                                Collections.nCopies(decays ? 4 : 2, wide),
                                positions,
                                spec,
                                wide);
        RotaryTable keys =
                decays ? new RotaryTable(tables.get(2), tables.get(3), spec.layout()) : null;
        return new RotaryTable(tables.get(0), tables.get(1), spec.layout(), keys);
    }

    @Override
    default NDArray rotate(NDArray x, RotaryTable table) {
        Shape shape = x.getShape();
        Shape given = table.cos().getShape();
        boolean batchFits = given.get(0) == 1 || given.get(0) == shape.get(0);
        Recording.require(
                table.keys() == null
                        && batchFits
                        && given.get(2) == shape.get(2)
                        && table.rotaryDim() <= shape.get(3),
                "the rotary table does not fit",
                x,
                table.cos());
        return like("rotate", x, x, table.cos(), table.sin(), table.layout());
    }

    @Override
    default NDArray linearBias(
            NDArray queries, NDArray keys, LinearBiasSpec spec, DataType dataType) {
        boolean ofKeys = spec.form() == LinearBiasSpec.Form.KEY;
        double[] slopes = spec.slopes().stream().mapToDouble(Double::doubleValue).toArray();
        List<Dim> dims =
                List.of(
                        Recording.wider(dim(queries, 0), dim(keys, 0)),
                        Dim.of(slopes.length),
                        ofKeys ? Dim.ONE : dim(queries, 1),
                        dim(keys, 1));
        NDArray factors =
                recorder().constant(DataType.FLOAT64, new long[] {1, slopes.length, 1, 1}, slopes);
        return recorder()
                .call("linearBias", dims, dataType, queries, keys, factors, spec.form(), dataType);
    }

    @Override
    default NDArray bucketBias(NDArray queries, NDArray keys, NDArray table, BucketSpec spec) {
        List<Dim> dims =
                List.of(
                        Recording.wider(dim(queries, 0), dim(keys, 0)),
                        dim(table, 1),
                        dim(queries, 1),
                        dim(keys, 1));
        double[] buckets = new double[2 * spec.maxDistance() + 1];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = spec.bucket((long) i - spec.maxDistance());
        }
        NDArray byDistance =
                recorder().constant(DataType.INT64, new long[] {buckets.length}, buckets);
        return shaped("bucketBias", dims, table, queries, keys, table, byDistance);
    }
}

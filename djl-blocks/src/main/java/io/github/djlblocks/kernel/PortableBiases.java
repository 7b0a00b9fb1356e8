package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** Biases of attention scores by the positions of queries and keys. */
final class PortableBiases {

    private PortableBiases() {}

    static NDArray linear(NDArray queries, NDArray keys, LinearBiasSpec spec, DataType dataType) {
        requireBatches(queries, keys);
        DataType wide = dataType == DataType.FLOAT64 ? DataType.FLOAT64 : DataType.FLOAT32;
        NDArray distances = floating(keys, wide).expandDims(1).expandDims(1);
        if (spec.form() != LinearBiasSpec.Form.KEY) {
            // (B, 1, 1, T) - (B, 1, S, 1) -> (B, 1, S, T)
            distances = distances.sub(floating(queries, wide).expandDims(1).expandDims(3));
        }
        if (spec.form() == LinearBiasSpec.Form.SYMMETRIC) {
            distances = distances.abs().neg();
        }
        double[] slopes = spec.slopes().stream().mapToDouble(Double::doubleValue).toArray();
        Shape perHead = new Shape(1, slopes.length, 1, 1);
        return distances
                .mul(PositionRows.create(keys.getManager(), slopes, perHead, wide))
                .toType(dataType, false);
    }

    static NDArray bucketed(NDArray queries, NDArray keys, NDArray table, BucketSpec spec) {
        Shape shape = requireBatches(queries, keys);
        long[] q = HostIntegers.of(queries, "positions");
        long[] k = HostIntegers.of(keys, "positions");
        int s = (int) queries.getShape().get(1);
        int t = (int) keys.getShape().get(1);
        int rows = (int) shape.get(0);
        int[] buckets = new int[Math.multiplyExact(Math.multiplyExact(rows, s), t)];
        long most = Math.max(max(k) - min(q), max(q) - min(k));
        int reach = (int) Math.min(spec.maxDistance(), most);
        int[] byDistance = new int[2 * reach + 1];
        Arrays.setAll(byDistance, i -> spec.bucket((long) i - reach));
        for (int i = 0; i < buckets.length; i++) {
            int row = i / (s * t);
            long query = q[q.length == s ? i / t % s : row * s + i / t % s];
            long key = k[k.length == t ? i % t : row * t + i % t];
            // Beyond the longest distance all share the last bucket.
            long clipped = Math.max(-reach, Math.min(reach, key - query));
            buckets[i] = byDistance[(int) clipped + reach];
        }
        NDArray looked = OwnMemory.of(keys.getManager().create(buckets, shape));
        // (B, S, T, H) -> (B, H, S, T)
        return EngineGaps.embedding(looked, table).transpose(0, 3, 1, 2);
    }

    private static long max(long[] positions) {
        return Arrays.stream(positions).max().orElse(0);
    }

    private static long min(long[] positions) {
        return Arrays.stream(positions).min().orElse(0);
    }

    private static NDArray floating(NDArray positions, DataType type) {
        HostIntegers.require(positions, "positions");
        return positions.toType(type, false);
    }

    /** (B, S, T) of positions (B | 1, S) and (B | 1, T). */
    private static Shape requireBatches(NDArray queries, NDArray keys) {
        Shape q = PositionRows.shapeOf(queries, "positions of queries");
        Shape k = PositionRows.shapeOf(keys, "positions of keys");
        if (q.get(0) != k.get(0) && q.get(0) != 1 && k.get(0) != 1) {
            throw new IllegalArgumentException(
                    "positions of queries "
                            + q
                            + " and of keys "
                            + k
                            + " are of different batches: give as many rows, or one for all");
        }
        return new Shape(Math.max(q.get(0), k.get(0)), q.get(1), k.get(1));
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.Checks;
import org.jspecify.annotations.Nullable;

/**
 * Attention as matrix products and a softmax.
 *
 * <p>Grouped heads are never copied: the query heads that share a key/value head lie next to each
 * other, so (B, H, S, D) is read as (B, K, H/K * S, D) and multiplied with (B, K, D, T) as it is.
 */
final class PortableAttention {

    private PortableAttention() {}

    static AttentionOutput attend(AttentionInputs inputs, AttentionSpec spec) {
        NDArray q = inputs.query();
        checkShapes(q.getShape(), inputs.key().getShape(), inputs.value().getShape());
        checkTypes(q.getDataType(), inputs.key().getDataType(), inputs.value().getDataType());
        Precision.requireMatrixProduct(q);
        Shape shape = q.getShape();
        long b = shape.get(0);
        long h = shape.get(1);
        long s = shape.get(2);
        long kv = inputs.key().getShape().get(1);
        long t = inputs.key().getShape().get(2);
        NDArray k = Precision.widen(inputs.key());
        NDArray v = Precision.widen(inputs.value());

        // (B, H, S, D) -> (B, K, H/K * S, D), then the scores back to (B, H, S, T)
        NDArray scaled = OwnMemory.mul(Precision.widen(q), spec.scale());
        NDArray grouped = scaled.reshape(b, kv, h / kv * s, shape.get(3));
        NDArray scores = EngineGaps.matMul(grouped, k.transpose(0, 1, 3, 2)).reshape(b, h, s, t);
        NDArray capped =
                spec.softcap() == 0
                        ? scores
                        : OwnMemory.mul(
                                OwnMemory.div(scores, spec.softcap()).tanh(), spec.softcap());
        NDArray bias = PortableMasks.bias(inputs, spec, scores);
        NDArray biased = bias == null ? capped : capped.add(bias);
        NDArray weights = softmax(biased, inputs.sinks());
        NDArray looks = looks(inputs, spec, bias);
        NDArray dropped =
                spec.dropout() == 0
                        ? weights
                        : PortableKernels.INSTANCE.dropout(weights, spec.dropout());
        NDArray output =
                EngineGaps.matMul(dropped.reshape(b, kv, h / kv * s, t), v)
                        .reshape(b, h, s, inputs.value().getShape().get(3));
        NDArray values = looks == null ? output : output.mul(looks);
        if (spec.returned() == null) {
            return new AttentionOutput(Precision.narrow(values, q), null);
        }
        NDArray returned =
                switch (spec.returned()) {
                    case SCORES -> scores;
                    case CAPPED -> capped;
                    case BIASED -> biased;
                    case PROBABILITIES -> looks == null ? weights : weights.mul(looks);
                };
        return new AttentionOutput(Precision.narrow(values, q), Precision.narrow(returned, q));
    }

    /** 1 for a query that sees a key, 0 for one that sees none, (B | 1, H | 1, S | 1, 1). */
    private static @Nullable NDArray looks(
            AttentionInputs inputs, AttentionSpec spec, @Nullable NDArray bias) {
        long s = inputs.query().getShape().get(2);
        long t = inputs.key().getShape().get(2);
        boolean usual = spec.offset() == null && inputs.offsets() == null && s <= t;
        boolean everyQuerySees = inputs.mask() == null && inputs.bias() == null && usual;
        if (bias == null || everyQuerySees) {
            return null;
        }
        NDArray seen = EngineGaps.gt(bias.max(new int[] {3}, true), PortableMasks.BLOCKED / 2);
        return seen.toType(bias.getDataType(), false);
    }

    private static NDArray softmax(NDArray scores, @Nullable NDArray sinks) {
        if (sinks == null) {
            return scores.softmax(3);
        }
        Shape shape = scores.getShape();
        long h = shape.get(1);
        if (!sinks.getShape().equals(new Shape(h))) {
            throw new IllegalArgumentException(
                    "sinks "
                            + sinks.getShape()
                            + " must have one score for each of the "
                            + h
                            + " query heads");
        }
        // (H) -> (B, H, S, 1); zeros of the scores' own shape carry it, whatever the engine
        NDArray one = scores.getManager().zeros(shape.slice(0, 3).add(1), scores.getDataType());
        NDArray column = one.add(sinks.toType(scores.getDataType(), false).reshape(1, h, 1, 1));
        return scores.concat(column, 3).softmax(3).get(new NDIndex(":, :, :, :" + shape.get(3)));
    }

    private static boolean fit(Shape q, Shape k, Shape v) {
        return q.dimension() == 4
                && k.dimension() == 4
                && v.dimension() == 4
                && q.get(0) == k.get(0)
                && k.slice(0, 3).equals(v.slice(0, 3))
                && q.get(3) == k.get(3);
    }

    private static void checkTypes(DataType q, DataType k, DataType v) {
        if (q != k || k != v) {
            throw new IllegalArgumentException(
                    "attention over q "
                            + q
                            + ", k "
                            + k
                            + ", v "
                            + v
                            + ": all three must have one type");
        }
    }

    private static void checkShapes(Shape q, Shape k, Shape v) {
        if (!fit(q, k, v)) {
            throw new IllegalArgumentException(
                    "attention over q "
                            + q
                            + ", k "
                            + k
                            + ", v "
                            + v
                            + ": expected q (B, H, S, D), k (B, K, T, D), v (B, K, T, Dv)");
        }
        Checks.multiple("queryHeads", q.get(1), "keyValueHeads", k.get(1));
    }
}

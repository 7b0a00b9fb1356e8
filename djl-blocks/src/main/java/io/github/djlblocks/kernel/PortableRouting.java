package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Experts in DJL operations that every engine has and can differentiate.
 *
 * <p>Rows are gathered and put back by looking them up as an embedding does: its backward pass adds
 * up the gradients of a row that was looked up several times, on both engines.
 */
interface PortableRouting extends RoutingKernels {

    /** Keeps a sum of weights that all underflowed from dividing by 0, as DeepSeek-V3 does. */
    double SMALLEST_SUM = 1e-20;

    @Override
    default Routing route(NDArray logits, @Nullable NDArray correction, RoutingSpec spec) {
        NDArray rows = rows(Precision.widen(logits));
        int n = Math.toIntExact(rows.getShape().get(0));
        int m = Math.toIntExact(rows.getShape().get(1));
        NDArray scores = scores(rows, spec.score());
        double[] host = HostNumbers.of(scores);
        if (correction != null) {
            double[] added = HostNumbers.of(correction);
            for (int i = 0; i < host.length; i++) {
                host[i] += added[i % m];
            }
        }
        int[][] chosen = ExpertChoice.choose(host, m, spec);
        int k = spec.expertsPerToken();
        long[] places = new long[n * k];
        for (int i = 0; i < places.length; i++) {
            places[i] = (long) i / k * m + chosen[i / k][i % k];
        }
        NDArray weights = take(scores.reshape((long) n * m, 1), places).reshape(n, k);
        if (spec.score() == Score.SOFTMAX_OF_CHOSEN) {
            weights = weights.softmax(1);
        }
        if (spec.normalize()) {
            weights = weights.div(weights.sum(new int[] {1}, true).add(SMALLEST_SUM));
        }
        weights = spec.scale() == 1 ? weights : OwnMemory.mul(weights, spec.scale());
        return new Routing(rows, weights, chosen, spec);
    }

    private static NDArray scores(NDArray logits, Score score) {
        return switch (score) {
            case SOFTMAX -> logits.softmax(1);
            case SIGMOID -> PortableCurves.sigmoid(logits);
            case SOFTMAX_OF_CHOSEN -> logits;
        };
    }

    @Override
    default NDArray mixture(NDArray x, Routing routing, ExpertRunner experts) {
        NDArray rows = rows(x);
        if (rows.getShape().get(0) != routing.tokens()) {
            throw new IllegalArgumentException(
                    "x of shape "
                            + x.getShape()
                            + " does not hold the "
                            + routing.tokens()
                            + " tokens that were routed");
        }
        if (routing.tokens() == 0) {
            return x;
        }
        ExpertRows plan = ExpertRows.of(routing);
        NDList parts = take(rows, plan.tokens()).split(plan.boundaries(), 0);
        NDList outputs = new NDList(parts.size());
        for (int i = 0; i < parts.size(); i++) {
            outputs.add(experts.run(plan.expert(i), parts.get(i)));
        }
        NDArray joined = outputs.size() == 1 ? outputs.get(0) : NDArrays.concat(outputs, 0);
        long e = joined.getShape().get(1);
        long k = routing.spec().expertsPerToken();
        // (N * k, E) in the order of experts -> (N, k, E) in the order of tokens
        NDArray back = Precision.widen(take(joined, plan.places())).reshape(-1, k, e);
        NDArray y = back.mul(routing.weights().reshape(-1, k, 1)).sum(new int[] {1});
        Shape shape = x.getShape();
        return Precision.narrow(y.reshape(shape.slice(0, shape.dimension() - 1).add(e)), x);
    }

    @Override
    default NDArray addShared(NDArray routed, NDArray shared, @Nullable NDArray gate) {
        if (gate == null) {
            return routed.add(shared);
        }
        NDArray share = PortableCurves.sigmoid(Precision.widen(gate));
        return routed.add(shared.mul(Precision.narrow(share, shared)));
    }

    @Override
    default NDArray loadBalancingLoss(List<Routing> layers, @Nullable NDArray mask) {
        boolean[] counts = counted(layers, mask);
        NDArray first = layers.get(0).logits();
        int m = Math.toIntExact(first.getShape().get(1));
        NDArray likely = likely(layers.get(0), counts);
        for (Routing layer : layers.subList(1, layers.size())) {
            likely = likely.add(likely(layer, counts));
        }
        float[] choices = new float[m];
        for (Routing layer : layers) {
            for (int n = 0; n < counts.length; n++) {
                for (int expert : layer.experts(n)) {
                    choices[expert] += counts[n] ? 1 : 0;
                }
            }
        }
        double tokens = (double) layers.size() * count(counts);
        NDArray loads =
                OwnMemory.of(first.getManager().create(choices, new Shape(m)))
                        .toType(first.getDataType(), false);
        // Scaled before it is a scalar: on PyTorch a FLOAT32 scalar by a double is FLOAT64.
        return OwnMemory.mul(likely.mul(loads), m / tokens / tokens).sum();
    }

    /** The probabilities of each expert, summed over the tokens that count, (M). */
    private static NDArray likely(Routing layer, boolean[] counts) {
        return probabilities(layer).mul(column(layer.logits(), counts)).sum(new int[] {0});
    }

    private static NDArray probabilities(Routing layer) {
        if (layer.spec().score() != Score.SIGMOID) {
            return layer.logits().softmax(1);
        }
        NDArray scores = PortableCurves.sigmoid(layer.logits());
        return scores.div(scores.sum(new int[] {1}, true).add(SMALLEST_SUM));
    }

    @Override
    default NDArray routerZLoss(List<Routing> layers, @Nullable NDArray mask) {
        boolean[] counts = counted(layers, mask);
        NDArray total = squares(layers.get(0).logits(), counts);
        for (Routing layer : layers.subList(1, layers.size())) {
            total = total.add(squares(layer.logits(), counts));
        }
        return OwnMemory.div(total, (double) layers.size() * count(counts)).sum();
    }

    /** {@code (ln sum_e e^logit)^2} of the tokens that count, 0 of the others, (N, 1). */
    private static NDArray squares(NDArray logits, boolean[] counts) {
        int[] axis = {1};
        NDArray top = EngineGaps.constant(logits.max(axis, true));
        NDArray logSum = logits.sub(top).exp().sum(axis, true).log().add(top);
        return logSum.square().mul(column(logits, counts));
    }

    private static boolean[] counted(List<Routing> layers, @Nullable NDArray mask) {
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "no routing to take a loss of: run a mixture of experts first");
        }
        int n = layers.get(0).tokens();
        boolean[] counts = new boolean[n];
        long[] given = mask == null ? null : numbers(mask);
        if (given != null && given.length != n) {
            throw new IllegalArgumentException(
                    "mask has "
                            + given.length
                            + " elements for "
                            + n
                            + " tokens: give one for each");
        }
        for (int i = 0; i < n; i++) {
            counts[i] = given == null || given[i] != 0;
        }
        if (count(counts) == 0) {
            throw new IllegalArgumentException("mask leaves no token to take a loss of");
        }
        return counts;
    }

    private static long[] numbers(NDArray mask) {
        boolean truth = mask.getDataType() == DataType.BOOLEAN;
        return HostIntegers.of(truth ? mask.toType(DataType.INT64, false) : mask, "masks");
    }

    private static int count(boolean[] counts) {
        int count = 0;
        for (boolean counted : counts) {
            count += counted ? 1 : 0;
        }
        return count;
    }

    /** 1 where a token counts, else 0, (N, 1). */
    private static NDArray column(NDArray like, boolean[] counts) {
        float[] ones = new float[counts.length];
        for (int i = 0; i < ones.length; i++) {
            ones[i] = counts[i] ? 1 : 0;
        }
        return OwnMemory.of(like.getManager().create(ones, new Shape(ones.length, 1)))
                .toType(like.getDataType(), false);
    }

    /** (..., C) -> (N, C). */
    private static NDArray rows(NDArray x) {
        Shape shape = x.getShape();
        return x.reshape(-1, shape.get(shape.dimension() - 1));
    }

    private static NDArray take(NDArray table, long[] rows) {
        NDArray ids = OwnMemory.of(table.getManager().create(rows, new Shape(rows.length)));
        return EngineGaps.embedding(ids, table);
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.List;

/**
 * Attention as the ONNX operator {@code Attention} (opset 24) defines it.
 *
 * <p>{@code z = softcap(scale q k^T) + bias}, hidden keys at negative infinity; {@code p =
 * softmax(z)}, where a sink of the head, if there is one, takes its share; {@code y = p v}. A query
 * that sees no key gets 0. Query head h reads key/value head {@code h / (H / KV)}. B batch, S
 * queries, T keys, H query heads, KV key/value heads, D channels of a head, Dv channels of a value
 * head.
 */
public final class OracleAttention {

    private OracleAttention() {}

    /**
     * Computes attention.
     *
     * @param query (B, H, S, D)
     * @param key (B, KV, T, D)
     * @param value (B, KV, T, Dv)
     * @param options scale, softcap, causality and masks
     * @return (B, H, S, Dv)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var attention(Var query, Var key, Var value, OracleAttentionOptions options) {
        return weigh(probabilities(query, key, options), value);
    }

    /**
     * Computes the attention probabilities {@code p = softmax(z)}.
     *
     * <p>Gradients: {@code dz = p (dp - sum_t(p dp))}; {@code dbias = dz}; {@code dscore = dz scale
     * (1 - tanh(score / c)^2)}; {@code dq = dscore k}, {@code dk = dscore^T q}.
     *
     * @param query (B, H, S, D)
     * @param key (B, KV, T, D)
     * @param options scale, softcap, causality and masks
     * @return (B, H, S, T); rows add up to 1, or to 0 where a query sees no key
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var probabilities(Var query, Var key, OracleAttentionOptions options) {
        Shapes.requireRank(query, "query", 4, "(B, H, S, D)");
        Shapes.requireRank(key, "key", 4, "(B, KV, T, D)");
        int d = query.dims()[3];
        Shapes.require(
                key.dims()[3] == d && key.dims()[0] == query.dims()[0],
                "key %s must have the batch and channels of query %s",
                Shapes.text(key.dims()),
                Shapes.text(query.dims()));
        int t = key.dims()[2];
        int[] shape = Shapes.withLast(query.dims(), t);
        int group = group(shape[1], key.dims()[1]);
        options.requireFits(shape);
        Var bias = options.bias();
        double scale = options.scale(d);
        double cap = options.softcap();
        double[] p = new double[Shapes.size(shape)];
        double[] slope = new double[p.length];
        for (int i = 0; i < p.length; i++) {
            double dot = 0;
            for (int c = 0; c < d; c++) {
                dot += query.data()[i / t * d + c] * key.data()[keyRow(i, shape, group) * d + c];
            }
            double score = scale * dot;
            double capped = cap == 0 ? score : cap * Math.tanh(score / cap);
            slope[i] = cap == 0 ? scale : scale * Curves.tanhDerivative(score / cap);
            double added =
                    bias == null
                            ? 0
                            : bias.data()[OracleAttentionOptions.broadcast(bias.dims(), shape, i)];
            p[i] = options.sees(shape, i) ? capped + added : Double.NEGATIVE_INFINITY;
        }
        Var sinks = options.sinks();
        double[] sunk = new double[p.length / t];
        for (int row = 0; row < sunk.length; row++) {
            double sink =
                    sinks == null
                            ? Double.NEGATIVE_INFINITY
                            : sinks.data()[row / shape[2] % shape[1]];
            sunk[row] = weigh(p, row * t, t, sink);
        }
        return Var.node(
                p,
                shape,
                Var.present(query, key, bias, sinks),
                dp -> {
                    double[] dq = query.sink();
                    double[] dk = key.sink();
                    double[] dz = Softmax.gradient(p, dp, t);
                    for (int row = 0; sinks != null && row < sunk.length; row++) {
                        double along = 0;
                        for (int i = row * t; i < (row + 1) * t; i++) {
                            along += p[i] * dp[i];
                        }
                        // The sink has no value, so its own dp is 0.
                        sinks.sink()[row / shape[2] % shape[1]] -= sunk[row] * along;
                    }
                    for (int i = 0; i < p.length; i++) {
                        if (bias != null) {
                            int at = OracleAttentionOptions.broadcast(bias.dims(), shape, i);
                            bias.sink()[at] += dz[i];
                        }
                        int q = i / t * d;
                        int k = keyRow(i, shape, group) * d;
                        for (int c = 0; c < d; c++) {
                            dq[q + c] += dz[i] * slope[i] * key.data()[k + c];
                            dk[k + c] += dz[i] * slope[i] * query.data()[q + c];
                        }
                    }
                });
    }

    /** The softmax of a stretch and one more score; returns the weight of that one. */
    private static double weigh(double[] z, int from, int length, double sink) {
        double[] all = new double[length + 1];
        System.arraycopy(z, from, all, 0, length);
        all[length] = sink;
        Softmax.apply(all, 0, length + 1);
        System.arraycopy(all, 0, z, from, length);
        return all[length];
    }

    /**
     * Sums the values by the probabilities: {@code y = p v}, gradients {@code dp = dy v^T}, {@code
     * dv = p^T dy}.
     *
     * @param probabilities p (B, H, S, T)
     * @param value v (B, KV, T, Dv)
     * @return (B, H, S, Dv)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var weigh(Var probabilities, Var value) {
        Shapes.requireRank(probabilities, "probabilities", 4, "(B, H, S, T)");
        Shapes.requireRank(value, "value", 4, "(B, KV, T, Dv)");
        int[] shape = probabilities.dims();
        int t = shape[3];
        int dv = value.dims()[3];
        Shapes.require(
                value.dims()[2] == t && value.dims()[0] == shape[0],
                "value %s must have the batch and keys of the probabilities %s",
                Shapes.text(value.dims()),
                Shapes.text(shape));
        int group = group(shape[1], value.dims()[1]);
        double[] p = probabilities.data();
        double[] v = value.data();
        double[] y = new double[p.length / t * dv];
        for (int i = 0; i < p.length; i++) {
            for (int c = 0; c < dv; c++) {
                y[i / t * dv + c] += p[i] * v[keyRow(i, shape, group) * dv + c];
            }
        }
        return Var.node(
                y,
                Shapes.withLast(shape, dv),
                List.of(probabilities, value),
                dy -> {
                    double[] dp = probabilities.sink();
                    double[] dValue = value.sink();
                    for (int i = 0; i < p.length; i++) {
                        int row = keyRow(i, shape, group) * dv;
                        for (int c = 0; c < dv; c++) {
                            dp[i] += dy[i / t * dv + c] * v[row + c];
                            dValue[row + c] += p[i] * dy[i / t * dv + c];
                        }
                    }
                });
    }

    /** The row of (B, KV, T) that index i of the scores (B, H, S, T) reads. */
    private static int keyRow(int i, int[] scores, int group) {
        int t = scores[3];
        int head = i / (t * scores[2]) % scores[1];
        int batch = i / (t * scores[2] * scores[1]);
        return (batch * (scores[1] / group) + head / group) * t + i % t;
    }

    private static int group(int queryHeads, int keyValueHeads) {
        Shapes.require(
                queryHeads % keyValueHeads == 0,
                "queryHeads (%d) must be a multiple of keyValueHeads (%d)",
                queryHeads,
                keyValueHeads);
        return queryHeads / keyValueHeads;
    }
}

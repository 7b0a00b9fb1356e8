package io.github.djlblocks.parity.oracle;

import java.util.List;

/** Losses. */
public final class OracleLosses {

    private OracleLosses() {}

    /**
     * Mean cross entropy with class numbers, natural logarithm: {@code mean_n(ln(sum_v
     * exp(logits[n, v])) - logits[n, targets[n]])}. Gradient: {@code (softmax(logits) -
     * oneHot(targets)) / N}.
     *
     * @param logits (N, V)
     * @param targets N class numbers below V
     * @return the loss, a scalar of shape {@code ()}
     * @throws IllegalArgumentException if the sizes do not fit or a target is not a class
     */
    public static Var crossEntropy(Var logits, int[] targets) {
        return crossEntropy(logits, targets, Integer.MIN_VALUE);
    }

    /**
     * Mean cross entropy over the rows whose target is not the ignored one; 0 if there is none.
     *
     * @param logits (N, V)
     * @param targets N class numbers below V, or the ignored one
     * @param ignored the target of rows that do not count
     * @return the loss, a scalar of shape {@code ()}
     * @throws IllegalArgumentException if the sizes do not fit or a target is not a class
     */
    public static Var crossEntropy(Var logits, int[] targets, int ignored) {
        Shapes.requireRank(logits, "logits", 2, "(N, V)");
        int n = logits.dims()[0];
        int v = logits.dims()[1];
        Shapes.require(
                targets.length == n,
                "targets (%d) must have one element for each of the %d rows of logits",
                targets.length,
                n);
        double[] p = logits.values();
        int[] chosen = targets.clone();
        int counted = 0;
        for (int target : chosen) {
            counted += target == ignored ? 0 : 1;
        }
        int terms = Math.max(1, counted);
        double loss = 0;
        for (int row = 0; row < n; row++) {
            int target = chosen[row];
            if (target == ignored) {
                continue;
            }
            Shapes.require(
                    target >= 0 && target < v,
                    "target (%d) must be one of the %d classes",
                    target,
                    v);
            double max = Double.NEGATIVE_INFINITY;
            for (int i = row * v; i < (row + 1) * v; i++) {
                max = Math.max(max, p[i]);
            }
            double sum = 0;
            for (int i = row * v; i < (row + 1) * v; i++) {
                sum += Math.exp(p[i] - max);
            }
            loss += (Math.log(sum) + max - p[row * v + target]) / terms;
            Softmax.apply(p, row * v, v);
        }
        return Var.node(
                new double[] {loss},
                new int[0],
                List.of(logits),
                dy -> {
                    double[] dx = logits.sink();
                    for (int i = 0; i < p.length; i++) {
                        double hit = chosen[i / v] == i % v ? 1 : 0;
                        dx[i] += chosen[i / v] == ignored ? 0 : dy[0] * (p[i] - hit) / terms;
                    }
                });
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A mixture of experts, computed densely: every expert on every token, with weights that are 0 for
 * those not chosen.
 */
public final class OracleMixtureOfExperts {

    private OracleMixtureOfExperts() {}

    /**
     * The weights of all experts for every token.
     *
     * <p>{@code s} the softmax or the sigmoids of the logits; a token's experts are those of the
     * largest {@code s + correction}, which outside the groups of the largest worth is 0, the lower
     * number before the higher; with {@code c} their indicator {@code w = scale c s}, or normalized
     * {@code scale c s / sum(c s)}. The choice is taken as constant.
     *
     * @param logits (N, M)
     * @param correction added for choosing, M numbers, or none
     * @param routing how to choose and weight
     * @return (N, M), 0 where not chosen
     */
    public static Var weights(Var logits, double @Nullable [] correction, OracleRouting routing) {
        Shapes.requireRank(logits, "logits", 2, "(tokens, experts)");
        Var scores =
                routing.sigmoid()
                        ? OracleActivation.SIGMOID.apply(logits)
                        : OracleSoftmax.softmax(logits, 1);
        int m = logits.dims()[1];
        double[] indicator = new double[logits.data().length];
        for (int n = 0; n < logits.dims()[0]; n++) {
            double[] row = Arrays.copyOfRange(scores.data(), n * m, (n + 1) * m);
            for (int e = 0; correction != null && e < m; e++) {
                row[e] += correction[e];
            }
            for (int e : choose(row, routing)) {
                indicator[n * m + e] = routing.normalized() ? 1 : routing.scale();
            }
        }
        Var kept = OracleMath.mul(scores, Var.of(indicator, logits.dims()));
        return routing.normalized() ? shares(kept, routing.scale()) : kept;
    }

    private static int[] choose(double[] row, OracleRouting routing) {
        int size = row.length / routing.groups();
        int[] groups =
                IntStream.range(0, routing.groups())
                        .boxed()
                        .sorted(
                                Comparator.comparingDouble(
                                        g -> -worth(row, g * size, size, routing.bestOfGroup())))
                        .limit(routing.groupsChosen())
                        .mapToInt(g -> g)
                        .toArray();
        double[] open = new double[row.length];
        for (int g : groups) {
            System.arraycopy(row, g * size, open, g * size, size);
        }
        return IntStream.range(0, row.length)
                .boxed()
                .sorted(Comparator.comparingDouble(e -> -open[e]))
                .limit(routing.chosen())
                .mapToInt(e -> e)
                .toArray();
    }

    private static double worth(double[] row, int from, int size, int best) {
        double[] group = Arrays.copyOfRange(row, from, from + size);
        Arrays.sort(group);
        return Arrays.stream(group, size - best, size).sum();
    }

    /** {@code y = scale x / sum(x)} of each row; {@code dx = (scale dy - sum(y dy)) / sum(x)}. */
    private static Var shares(Var x, double scale) {
        int m = x.dims()[1];
        double[] y = x.values();
        double[] sums = new double[x.dims()[0]];
        for (int i = 0; i < y.length; i++) {
            sums[i / m] += y[i];
        }
        for (int i = 0; i < y.length; i++) {
            y[i] *= scale / sums[i / m];
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x),
                dy -> {
                    double[] along = new double[sums.length];
                    for (int i = 0; i < y.length; i++) {
                        along[i / m] += y[i] * dy[i];
                    }
                    for (int i = 0; i < y.length; i++) {
                        x.sink()[i] += (scale * dy[i] - along[i / m]) / sums[i / m];
                    }
                });
    }

    /**
     * The weighted sum of all experts: {@code y[n] = sum_e weights[n, e] outputs_e[n]}.
     *
     * @param weights (N, M)
     * @param outputs of each of the M experts, (N, E)
     * @return (N, E)
     */
    public static Var combine(Var weights, List<Var> outputs) {
        int m = weights.dims()[1];
        Shapes.require(
                outputs.size() == m,
                "outputs (%d) must be as many as experts (%d)",
                outputs.size(),
                m);
        Var sum = weighted(weights, 0, outputs.get(0));
        for (int e = 1; e < m; e++) {
            sum = OracleMath.add(sum, weighted(weights, e, outputs.get(e)));
        }
        return sum;
    }

    private static Var weighted(Var weights, int expert, Var output) {
        int m = weights.dims()[1];
        int width = output.dims()[1];
        double[] w = weights.data();
        double[] x = output.data();
        double[] y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = w[i / width * m + expert] * x[i];
        }
        return Var.node(
                y,
                output.dims(),
                List.of(weights, output),
                dy -> {
                    for (int i = 0; i < y.length; i++) {
                        weights.sink()[i / width * m + expert] += dy[i] * x[i];
                        output.sink()[i] += dy[i] * w[i / width * m + expert];
                    }
                });
    }

    /**
     * The loss that balances the load (arXiv 2101.03961): {@code M sum_e f_e P_e}, f_e the share of
     * the tokens that chose e, P_e the mean of its probabilities.
     *
     * @param probabilities (N, M)
     * @param choices 1 where an expert was chosen, else 0, (N, M)
     * @param counts 1 where a token counts, else 0, N numbers
     * @return a scalar
     */
    public static Var loadBalancing(Var probabilities, double[] choices, double[] counts) {
        int m = probabilities.dims()[1];
        double tokens = Arrays.stream(counts).sum();
        double[] share = new double[m];
        for (int i = 0; i < choices.length; i++) {
            share[i % m] += counts[i / m] * choices[i] / tokens;
        }
        double[] factor = new double[choices.length];
        for (int i = 0; i < factor.length; i++) {
            factor[i] = m * share[i % m] * counts[i / m] / tokens;
        }
        return OracleMath.sum(OracleMath.mul(probabilities, Var.of(factor, probabilities.dims())));
    }

    /**
     * The loss that keeps logits small (arXiv 2202.08906): the mean of {@code (ln sum_e e^logit)^2}
     * over the tokens that count. Its derivative by a logit is {@code 2 / tokens lse softmax}.
     *
     * @param logits (N, M)
     * @param counts 1 where a token counts, else 0, N numbers
     * @return a scalar
     */
    public static Var zLoss(Var logits, double[] counts) {
        int m = logits.dims()[1];
        double[] z = logits.data();
        double tokens = Arrays.stream(counts).sum();
        double[] lse = new double[counts.length];
        double loss = 0;
        for (int n = 0; n < lse.length; n++) {
            double[] row = Arrays.copyOfRange(z, n * m, (n + 1) * m);
            double max = Arrays.stream(row).max().orElseThrow();
            lse[n] = max + Math.log(Arrays.stream(row).map(v -> Math.exp(v - max)).sum());
            loss += counts[n] * lse[n] * lse[n] / tokens;
        }
        return Var.node(
                new double[] {loss},
                new int[0],
                List.of(logits),
                dy -> {
                    for (int i = 0; i < z.length; i++) {
                        double share = Math.exp(z[i] - lse[i / m]);
                        logits.sink()[i] += dy[0] * counts[i / m] * 2 / tokens * lse[i / m] * share;
                    }
                });
    }
}

package io.github.djlblocks.kernel;

import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import java.util.Arrays;

/** Choosing the best experts, on the host. */
final class ExpertChoice {

    private ExpertChoice() {}

    /**
     * Chooses for every token.
     *
     * <p>NaN counts as the best, as in {@code torch.topk}: so that it reaches the output.
     *
     * @param scores (N, M), row-major
     * @param m M
     * @return (N, k), the best first; of equal ones the lower number
     */
    static int[][] choose(double[] scores, int m, RoutingSpec spec) {
        int[][] chosen = new int[scores.length / m][];
        for (int n = 0; n < chosen.length; n++) {
            double[] row = Arrays.copyOfRange(scores, n * m, (n + 1) * m);
            if (spec.groups() > 1) {
                closeGroups(row, spec);
            }
            chosen[n] = best(row, spec.expertsPerToken());
        }
        return chosen;
    }

    /** Gives the experts of all but the best groups the score 0, as transformers does. */
    private static void closeGroups(double[] row, RoutingSpec spec) {
        int size = row.length / spec.groups();
        double[] worth = new double[spec.groups()];
        for (int g = 0; g < worth.length; g++) {
            double[] group = Arrays.copyOfRange(row, g * size, (g + 1) * size);
            int[] best = best(group, spec.groupScore() == GroupScore.MAX ? 1 : 2);
            for (int expert : best) {
                worth[g] += group[expert];
            }
        }
        boolean[] open = new boolean[worth.length];
        for (int g : best(worth, spec.groupsChosen())) {
            open[g] = true;
        }
        for (int e = 0; e < row.length; e++) {
            if (!open[e / size]) {
                row[e] = 0;
            }
        }
    }

    private static int[] best(double[] values, int k) {
        boolean[] taken = new boolean[values.length];
        int[] best = new int[k];
        for (int j = 0; j < k; j++) {
            int top = -1;
            for (int i = 0; i < values.length; i++) {
                if (!taken[i] && (top < 0 || isBetter(values[i], values[top]))) {
                    top = i;
                }
            }
            taken[top] = true;
            best[j] = top;
        }
        return best;
    }

    private static boolean isBetter(double a, double b) {
        return Double.isNaN(a) ? !Double.isNaN(b) : a > b;
    }
}

package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.kernel.LinearBiasSpec;
import io.github.djlblocks.parity.oracle.OraclePositionBias;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.AlibiBias;
import io.github.djlblocks.position.RelativePositionBias;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of biases by positions. */
final class PositionBiasCases {

    private static final int S = 3;
    private static final int T = 5;

    /** Three tokens after two that have passed. */
    private static final double[] AFTER = {2, 3, 4};

    private static final double[] FROM_0 = {0, 1, 2, 3, 4};
    private static final double[] EACH_QUERY = {0, 7, 300, 2, 40, 4};
    private static final double[] EACH_KEY = {0, 1, 90, 9, 300, 3, 2, 17, 60, 150};

    private PositionBiasCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        for (double[][] positions :
                new double[][][] {
                    {AFTER, FROM_0}, {EACH_QUERY, EACH_KEY}, {EACH_QUERY, FROM_0}, {AFTER, EACH_KEY}
                }) {
            double[] queries = positions[0];
            double[] keys = positions[1];
            cases.add(alibi(LinearBiasSpec.Form.SIGNED, 4, queries, keys));
            cases.add(t5(true, 8, 20, queries, keys));
        }
        cases.add(alibi(LinearBiasSpec.Form.SYMMETRIC, 3, EACH_QUERY, EACH_KEY));
        cases.add(alibi(LinearBiasSpec.Form.KEY, 6, AFTER, FROM_0));
        cases.add(alibi(LinearBiasSpec.Form.KEY, 1, EACH_QUERY, EACH_KEY));
        cases.add(t5(false, 8, 20, EACH_QUERY, EACH_KEY));
        cases.add(t5(false, 32, 128, AFTER, FROM_0));
        cases.add(t5(true, 32, 128, EACH_QUERY, EACH_KEY));
        return cases;
    }

    private static ParityCase alibi(
            LinearBiasSpec.Form form, int heads, double[] queries, double[] keys) {
        String variant = form + ", " + heads + " heads, " + rows(queries, S) + rows(keys, T);
        // Of the KEY form there is one query, whose position does not matter.
        int s = form == LinearBiasSpec.Form.KEY ? 1 : S;
        ParityCaseBuilder builder =
                ParityCase.builder("AlibiBias", variant)
                        .setBlock(
                                () ->
                                        switch (form) {
                                            case SIGNED -> AlibiBias.causal(heads);
                                            case SYMMETRIC -> AlibiBias.symmetric(heads);
                                            case KEY -> AlibiBias.bloom(heads);
                                        })
                        .setFormula(
                                (arrays, parameters) -> {
                                    double[][][] positions = positions(queries, keys);
                                    Arrays.setAll(
                                            positions[0], b -> Arrays.copyOf(positions[0][b], s));
                                    return OraclePositionBias.alibi(
                                            positions[0],
                                            positions[1],
                                            OraclePositionBias.slopes(heads),
                                            distance(form));
                                })
                        .setTolerance(1, 2, "a slope rounded once and one product");
        return withPositions(builder, queries, keys);
    }

    private static OraclePositionBias.Distance distance(LinearBiasSpec.Form form) {
        return switch (form) {
            case SIGNED -> (query, key) -> key - query;
            case SYMMETRIC -> (query, key) -> -Math.abs(query - key);
            case KEY -> (query, key) -> key;
        };
    }

    private static ParityCase t5(
            boolean bidirectional, int buckets, int maxDistance, double[] queries, double[] keys) {
        String variant =
                (bidirectional ? "both sides, " : "one side, ")
                        + buckets
                        + " buckets, "
                        + rows(queries, S)
                        + rows(keys, T);
        ParityCaseBuilder builder =
                ParityCase.builder("RelativePositionBias", variant)
                        .setBlock(
                                () ->
                                        RelativePositionBias.of(
                                                4,
                                                new BucketSpec(
                                                        buckets, maxDistance, bidirectional)))
                        .setFormula(
                                (arrays, parameters) -> {
                                    double[][][] positions = positions(queries, keys);
                                    Var table = Scope.get(parameters, "weight");
                                    return OraclePositionBias.t5(
                                            positions[0],
                                            positions[1],
                                            table,
                                            maxDistance,
                                            bidirectional);
                                })
                        .setTolerance(1, 1, "a copy; the gradient of a bucket is a sum")
                        .optGradientTerms(2L * S * T);
        return withPositions(builder, queries, keys);
    }

    private static String rows(double[] positions, int length) {
        return positions.length / length + (length == S ? " x S, " : " x T");
    }

    private static ParityCase withPositions(
            ParityCaseBuilder builder, double[] queries, double[] keys) {
        return builder.addIntegers("queries", queries, queries.length / S, S)
                .addIntegers("keys", keys, keys.length / T, T)
                .build();
    }

    /** Rows of queries and of keys, as many of each. */
    private static double[][][] positions(double[] queries, double[] keys) {
        int rows = Math.max(queries.length / S, keys.length / T);
        double[][][] both = new double[2][rows][];
        for (int b = 0; b < rows; b++) {
            int q = queries.length == S ? 0 : b * S;
            int k = keys.length == T ? 0 : b * T;
            both[0][b] = Arrays.copyOfRange(queries, q, q + S);
            both[1][b] = Arrays.copyOfRange(keys, k, k + T);
        }
        return both;
    }
}

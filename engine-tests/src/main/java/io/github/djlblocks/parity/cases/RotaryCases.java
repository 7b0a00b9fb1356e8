package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Cases of rotary embedding. */
final class RotaryCases {

    private static final int S = 5;

    private RotaryCases() {}

    static List<ParityCase> all() {
        double[] each = {3, 0, 11, 2, 7, 1, 40, 41, 5, 6};
        double[] shared = {9, 4, 1, 0, 300};
        double[] far = {99998, 99999, 100000, 65537, 70001};
        return List.of(
                rotary("half split", RotaryLayout.HALF_SPLIT, 8, 8, null),
                rotary("interleaved", RotaryLayout.INTERLEAVED, 8, 8, null),
                rotary("half split, 4 of 10 channels", RotaryLayout.HALF_SPLIT, 10, 4, null),
                rotary("interleaved, 6 of 9 channels", RotaryLayout.INTERLEAVED, 9, 6, null),
                rotary("positions for each row", RotaryLayout.HALF_SPLIT, 8, 8, each),
                rotary("positions for all rows", RotaryLayout.INTERLEAVED, 8, 8, shared),
                rotary("half split, far positions", RotaryLayout.HALF_SPLIT, 8, 8, far),
                rotary("interleaved, far positions", RotaryLayout.INTERLEAVED, 8, 8, far),
                rotary("2 channels", RotaryLayout.HALF_SPLIT, 2, 2, null));
    }

    private static ParityCase rotary(
            String variant,
            RotaryLayout layout,
            int headDim,
            int rotaryDim,
            double @Nullable [] positions) {
        double theta = 10000;
        return given(
                variant,
                headDim,
                positions,
                () ->
                        RotaryEmbedding.builder()
                                .setHeadDim(headDim)
                                .optRotaryDim(rotaryDim)
                                .optTheta(theta)
                                .optLayout(layout)
                                .build(),
                (x, rows) ->
                        OracleRotary.rotary(
                                x,
                                rows,
                                OracleRotaryFrequencies.standard(theta, rotaryDim),
                                oracle(layout),
                                1));
    }

    /** A case of x (2, 3, S, headDim) and positions, if there are any. */
    static ParityCase given(
            String variant,
            int headDim,
            double @Nullable [] positions,
            Supplier<RotaryEmbedding> block,
            BiFunction<Var, double[][], Var> formula) {
        long[] shape = {2, 3, S, headDim};
        ParityCaseBuilder builder =
                ParityCase.builder("RotaryEmbedding", variant)
                        .setBlock(block)
                        .addInput("x", RandomTensors.normal(variant.hashCode(), shape), shape)
                        .setFormula(
                                (arrays, parameters) ->
                                        formula.apply(
                                                Scope.get(arrays, "x"),
                                                positions(arrays.get("positions"), S)))
                        .setTolerance(
                                2,
                                2,
                                "two products and their sum; cosine and sine are rounded once");
        if (positions != null) {
            builder.addIntegers("positions", positions, positions.length / S, S);
        }
        return builder.build();
    }

    static OracleRotary.Layout oracle(RotaryLayout layout) {
        return switch (layout) {
            case HALF_SPLIT -> OracleRotary.Layout.HALF_SPLIT;
            case INTERLEAVED -> OracleRotary.Layout.INTERLEAVED;
        };
    }

    /** Given positions as rows, or 0 to length - 1. */
    static double[][] positions(@Nullable Var given, int length) {
        double[] flat = new double[length];
        if (given == null) {
            for (int s = 0; s < length; s++) {
                flat[s] = s;
            }
            return new double[][] {flat};
        }
        double[] values = given.values();
        double[][] rows = new double[given.shape()[0]][length];
        for (int row = 0; row < rows.length; row++) {
            System.arraycopy(values, row * length, rows[row], 0, length);
        }
        return rows;
    }
}

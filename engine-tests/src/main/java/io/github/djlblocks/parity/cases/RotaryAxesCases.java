package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.position.RotaryAxes;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.List;
import java.util.function.Supplier;

/** Cases of rotary embedding by positions of several axes. */
final class RotaryAxesCases {

    private static final int B = 2;
    private static final int S = 3;
    private static final int D = 12;
    private static final double THETA = 300;
    private static final double[] STANDARD = OracleRotaryFrequencies.standard(THETA, D);

    /** Time, height and width of each token, (3, B, S). */
    private static final double[] EACH = {
        0, 1, 2, 5, 5, 5, 0, 1, 2, 6, 7, 6, 0, 1, 2, 8, 8, 9,
    };

    /** Time, height and width for all rows, (3, 1, S). */
    private static final double[] SHARED = {4, 4, 4, 1, 2, 3, 0, 9, 0};

    /** The same on every axis, as for text, (1, S). */
    private static final double[] TEXT = {3, 4, 50};

    private RotaryAxesCases() {}

    static List<ParityCase> all() {
        int[] sections = {0, 1, 1, 2, 2, 2};
        // Every third pair from 1 is the height's, once; from 2 the width's, twice.
        int[] inTurn = {0, 1, 2, 0, 0, 2};
        List<Integer> ofSections = RotaryAxes.sections(1, 2, 3);
        List<Integer> ofTurns = RotaryAxes.interleaved(3, 1, 2);
        RotaryLayout half = RotaryLayout.HALF_SPLIT;
        return List.of(
                axes("sections", builder(half, ofSections), half, sections, EACH, 3, B),
                axes(
                        "sections, for all rows",
                        builder(half, ofSections),
                        half,
                        sections,
                        SHARED,
                        3,
                        1),
                axes("sections, text", builder(half, ofSections), half, sections, TEXT, 1, 1),
                axes("in turn", builder(half, ofTurns), half, inTurn, EACH, 3, B),
                axes(
                        "in turn, neighbours",
                        builder(RotaryLayout.INTERLEAVED, ofTurns),
                        RotaryLayout.INTERLEAVED,
                        inTurn,
                        EACH,
                        3,
                        B),
                grid());
    }

    private static Supplier<RotaryEmbedding> builder(RotaryLayout layout, List<Integer> axes) {
        return () ->
                RotaryEmbedding.builder()
                        .setHeadDim(D)
                        .optTheta(THETA)
                        .optLayout(layout)
                        .optAxes(axes)
                        .build();
    }

    private static ParityCase axes(
            String variant,
            Supplier<RotaryEmbedding> block,
            RotaryLayout layout,
            int[] axisOfPair,
            double[] positions,
            int axes,
            int rows) {
        return several(variant, block, layout, STANDARD, axisOfPair, positions, axes, rows);
    }

    private static ParityCase grid() {
        double[] quarter = OracleRotaryFrequencies.standard(THETA, D / 2);
        double[] twice = {
            quarter[0], quarter[1], quarter[2], quarter[0], quarter[1], quarter[2],
        };
        double[] places = {0, 0, 1, 1, 2, 2, 0, 1, 0, 1, 0, 7};
        return several(
                "grid of rows and columns",
                () -> RotaryEmbedding.of(D, RotaryAxes.grid(THETA, D, RotaryLayout.HALF_SPLIT)),
                RotaryLayout.HALF_SPLIT,
                twice,
                new int[] {0, 0, 0, 1, 1, 1},
                places,
                2,
                B);
    }

    private static ParityCase several(
            String variant,
            Supplier<RotaryEmbedding> block,
            RotaryLayout layout,
            double[] frequencies,
            int[] axisOfPair,
            double[] positions,
            int axes,
            int rows) {
        long[] shape = {B, 3, S, D};
        ParityCaseBuilder builder =
                ParityCase.builder("RotaryEmbedding", "several axes, " + variant)
                        .setBlock(block)
                        .addInput("x", RandomTensors.normal(variant.hashCode(), shape), shape)
                        .setFormula(
                                (arrays, parameters) ->
                                        OracleRotary.turned(
                                                Scope.get(arrays, "x"),
                                                D / 2,
                                                (row, token, pair) -> {
                                                    int axis = axes == 1 ? 0 : axisOfPair[pair];
                                                    int line = axis * rows + (rows == 1 ? 0 : row);
                                                    return positions[line * S + token]
                                                            * frequencies[pair];
                                                },
                                                (row, token, pair) -> 1,
                                                RotaryCases.oracle(layout)))
                        .setTolerance(
                                2,
                                2,
                                "two products and their sum; cosine and sine are rounded once");
        long[] positionsShape = axes == 1 ? new long[] {rows, S} : new long[] {axes, rows, S};
        return builder.addIntegers("positions", positions, positionsShape).build();
    }
}

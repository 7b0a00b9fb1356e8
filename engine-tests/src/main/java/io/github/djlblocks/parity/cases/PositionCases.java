package io.github.djlblocks.parity.cases;

import ai.djl.nn.Block;
import io.github.djlblocks.kernel.SinusoidSpec;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleSinusoids;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.LearnedPositions;
import io.github.djlblocks.position.SinusoidalPositions;
import io.github.djlblocks.position.TokenTypeEmbedding;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Cases of absolute positions and of token types. */
final class PositionCases {

    private static final int B = 2;
    private static final int S = 5;
    private static final int E = 6;
    private static final double[] EACH = {3, 0, 8, 2, 7, 1, 6, 5, 5, 4};
    private static final double[] SHARED = {8, 4, 1, 0, 3};

    private PositionCases() {}

    static List<ParityCase> all() {
        SinusoidSpec.Layout halves = SinusoidSpec.Layout.HALVES;
        SinusoidSpec.Spacing inclusive = SinusoidSpec.Spacing.INCLUSIVE;
        return List.of(
                learned("0 to S - 1", 0, null),
                learned("positions for each row", 0, EACH),
                learned("offset 2, positions for all rows", 2, SHARED),
                learned("offset 2, padding before the first", 2, new double[] {-1, -2, 0, 1, 8}),
                types("all 0", null),
                types("for each row", new double[] {0, 2, 1, 1, 0, 0, 1, 1, 2, 2}),
                types("for all rows", new double[] {0, 0, 0, 1, 1}),
                sinusoidal("the paper", OracleSinusoids.Layout.PAPER, null, b -> b),
                sinusoidal(
                        "Marian, positions for each row",
                        OracleSinusoids.Layout.MARIAN,
                        EACH,
                        b -> b.optLayout(halves)),
                sinusoidal(
                        "fairseq, far positions",
                        OracleSinusoids.Layout.FAIRSEQ,
                        new double[] {99998, 99999, 100000, 65537, 70001},
                        b -> b.optLayout(halves).optSpacing(inclusive)),
                sinusoidal(
                        "inclusive, side by side",
                        OracleSinusoids.Layout.PAPER_INCLUSIVE,
                        SHARED,
                        b -> b.optSpacing(inclusive)),
                offset(),
                padding());
    }

    private static ParityCase learned(String variant, int offset, double @Nullable [] positions) {
        return looked(
                "LearnedPositions",
                variant,
                () -> LearnedPositions.withOffset(9, E, offset),
                offset,
                positions,
                new double[] {0, 1, 2, 3, 4});
    }

    private static ParityCase types(String variant, double @Nullable [] types) {
        return looked(
                "TokenTypeEmbedding",
                variant,
                () -> TokenTypeEmbedding.of(3, E),
                0,
                types,
                new double[S]);
    }

    private static ParityCase looked(
            String name,
            String variant,
            Supplier<? extends Block> block,
            int offset,
            double @Nullable [] indices,
            double[] otherwise) {
        ParityCaseBuilder builder =
                start(name, variant)
                        .setBlock(block)
                        .setFormula(
                                (arrays, parameters) -> {
                                    double[] given = indices == null ? otherwise : indices;
                                    int[] rows =
                                            Arrays.stream(given)
                                                    .mapToInt(v -> (int) v + offset)
                                                    .toArray();
                                    return added(
                                            Scope.get(arrays, "x"),
                                            OracleLinear.embedding(
                                                    rows,
                                                    new int[] {rows.length / S, S},
                                                    Scope.get(parameters, "weight")));
                                })
                        .setTolerance(1, 1, "one sum of two numbers");
        return withPositions(builder, indices).build();
    }

    private static ParityCase sinusoidal(
            String variant,
            OracleSinusoids.Layout layout,
            double @Nullable [] positions,
            UnaryOperator<SinusoidalPositions.Builder> options) {
        ParityCaseBuilder builder =
                start("SinusoidalPositions", variant)
                        .setBlock(
                                () ->
                                        options.apply(
                                                        SinusoidalPositions.builder()
                                                                .setHiddenSize(E))
                                                .build())
                        .setFormula(
                                (arrays, parameters) ->
                                        added(
                                                Scope.get(arrays, "x"),
                                                table(arrays.get("positions"), 0, 10000, layout)))
                        .setTolerance(1, 2, "a table rounded once and one sum");
        return withPositions(builder, positions).build();
    }

    private static ParityCase offset() {
        return start("SinusoidalPositions", "base 50, offset 3")
                .setBlock(
                        () ->
                                SinusoidalPositions.builder()
                                        .setHiddenSize(E)
                                        .optBase(50)
                                        .optOffset(3)
                                        .build())
                .setFormula(
                        (arrays, parameters) ->
                                added(
                                        Scope.get(arrays, "x"),
                                        table(null, 3, 50, OracleSinusoids.Layout.PAPER)))
                .setTolerance(1, 2, "a table rounded once and one sum")
                .build();
    }

    private static ParityCase padding() {
        double[] positions = {1, 1, 2, 3, 4, 2, 3, 4, 1, 1};
        ParityCaseBuilder builder =
                start("SinusoidalPositions", "fairseq, zeros for padding at 1")
                        .setBlock(
                                () ->
                                        SinusoidalPositions.builder()
                                                .setHiddenSize(E)
                                                .optLayout(SinusoidSpec.Layout.HALVES)
                                                .optSpacing(SinusoidSpec.Spacing.INCLUSIVE)
                                                .optPaddingPosition(1)
                                                .build())
                        .setFormula(
                                (arrays, parameters) -> {
                                    Var table =
                                            table(
                                                    arrays.get("positions"),
                                                    0,
                                                    10000,
                                                    OracleSinusoids.Layout.FAIRSEQ);
                                    double[] kept = new double[B * S * E];
                                    for (int i = 0; i < kept.length; i++) {
                                        kept[i] = positions[i / E] == 1 ? 0 : 1;
                                    }
                                    return added(
                                            Scope.get(arrays, "x"),
                                            OracleMath.mul(table, Var.of(kept, B, S, E)));
                                })
                        .setTolerance(1, 2, "a table rounded once and one sum");
        return withPositions(builder, positions).build();
    }

    private static ParityCaseBuilder start(String name, String variant) {
        return ParityCase.builder(name, variant)
                .addInput("x", RandomTensors.normal(variant.hashCode(), B, S, E), B, S, E);
    }

    private static ParityCaseBuilder withPositions(
            ParityCaseBuilder builder, double @Nullable [] positions) {
        return positions == null
                ? builder
                : builder.addIntegers("positions", positions, positions.length / S, S);
    }

    private static Var table(
            @Nullable Var given, double offset, double base, OracleSinusoids.Layout layout) {
        double[][] positions = RotaryCases.positions(given, S);
        for (double[] row : positions) {
            Arrays.setAll(row, s -> row[s] + offset);
        }
        return OracleSinusoids.table(positions, E, base, layout);
    }

    /** Adds (1 | B, S, E) to (B, S, E). */
    private static Var added(Var x, Var rows) {
        return OracleMath.add(x, rows.shape()[0] == 1 ? OracleMath.reshape(rows, S, E) : rows);
    }
}

package io.github.djlblocks.parity.cases;

import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.LearnedPositions;
import io.github.djlblocks.position.TokenTypeEmbedding;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Cases of what enters an encoder. */
final class EmbeddingCases {

    private static final int S = 5;
    private static final int E = 12;
    private static final int V = 13;
    private static final double EPSILON = 1e-5;

    private static final double[] IDS = {0, 12, 3, 3, 7, 1, 0, 9, 5, 3};
    private static final double[] POSITIONS = {0, 1, 2, 3, 4, 6, 6, 0, 1, 2};
    private static final double[] TYPES = {0, 0, 1, 1, 1, 1, 1, 0, 1, 0};

    private EmbeddingCases() {}

    static List<ParityCase> all() {
        return List.of(
                bert("ids alone").addIntegers("ids", IDS, 2, S).build(),
                bert("positions and types")
                        .addIntegers("ids", IDS, 2, S)
                        .addIntegers("positions", POSITIONS, 2, S)
                        .addIntegers("types", TYPES, 2, S)
                        .build(),
                bert("positions and types of all rows")
                        .addIntegers("ids", IDS, 2, S)
                        .addIntegers("positions", Arrays.copyOfRange(POSITIONS, S, 2 * S), 1, S)
                        .addIntegers("types", Arrays.copyOf(TYPES, S), 1, S)
                        .build(),
                bert("embeddings as input")
                        .addInput("x", RandomTensors.normal(8, 2, S, E), 2, S, E)
                        .build(),
                start("tokens alone, scaled")
                        .setBlock(
                                () ->
                                        EncoderEmbeddings.builder()
                                                .setTokens(TokenEmbedding.of(V, E))
                                                .optScale(Math.sqrt(E))
                                                .build())
                        .addIntegers("ids", IDS, 2, S)
                        .setFormula(
                                (arrays, parameters) ->
                                        OracleMath.scale(tokens(arrays, parameters), Math.sqrt(E)))
                        .build());
    }

    private static ParityCaseBuilder bert(String variant) {
        return start(variant)
                .setBlock(
                        () ->
                                EncoderEmbeddings.builder()
                                        .setTokens(TokenEmbedding.of(V, E))
                                        .optPositions(LearnedPositions.of(7, E))
                                        .optTypes(TokenTypeEmbedding.of(2, E))
                                        .optNorm(
                                                LayerNorm.builder()
                                                        .setChannels(E)
                                                        .optEpsilon(EPSILON)
                                                        .build())
                                        .build())
                .setFormula(
                        (arrays, parameters) -> {
                            Scope p = Scope.of(parameters);
                            Var x = tokens(arrays, parameters);
                            Var positions = look(arrays, "positions", counting(), p);
                            Var types = look(arrays, "types", new double[S], p);
                            Var sum = OracleMath.add(OracleMath.add(x, positions), types);
                            return p.child("norm").layerNorm(sum, EPSILON);
                        });
    }

    private static ParityCaseBuilder start(String variant) {
        return ParityCase.builder("EncoderEmbeddings", variant)
                .setTolerance(2 * E + 2, 2, "two sums, and those of mean and variance, lambda 4");
    }

    private static Var tokens(Map<String, Var> arrays, Map<String, Var> parameters) {
        Var given = arrays.get("x");
        Var table = Scope.get(parameters, "tokens.weight");
        return given == null ? HeadCases.embedding(Scope.get(arrays, "ids"), table) : given;
    }

    /** Rows of a table by what was given or by default: (B, S, E), or (S, E) for all rows. */
    private static Var look(Map<String, Var> arrays, String name, double[] byDefault, Scope p) {
        Var given = arrays.get(name);
        Var ids = given == null ? Var.of(byDefault, S) : given;
        if (ids.values().length == S) {
            ids = Var.of(ids.values(), S);
        }
        return HeadCases.embedding(ids, p.required(name + ".weight"));
    }

    private static double[] counting() {
        double[] positions = new double[S];
        Arrays.setAll(positions, i -> i);
        return positions;
    }
}

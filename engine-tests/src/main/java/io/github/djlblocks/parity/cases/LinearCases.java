package io.github.djlblocks.parity.cases;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.List;

/** Cases of the linear map and of the token embedding. */
final class LinearCases {

    private LinearCases() {}

    static List<ParityCase> all() {
        return List.of(
                linear("with bias, (2, 5, 24) to 10", true, 24, 10, 2, 5, 24),
                linear("without bias, (3, 64) to 17", false, 64, 17, 3, 64),
                linear("(1, 1, 1) to 1", true, 1, 1, 1, 1, 1),
                linear("512 channels", false, 512, 8, 2, 512),
                embedding("(2, 5) of 11 rows", new double[] {0, 10, 3, 3, 7, 1, 0, 9, 5, 3}, 2, 5),
                embedding("one token", new double[] {4}, 1, 1));
    }

    private static ParityCase linear(
            String variant, boolean bias, int inputs, int outputs, long... shape) {
        return ParityCase.builder("Linear", variant)
                .setBlock(
                        () ->
                                bias
                                        ? Linear.withBias(inputs, outputs)
                                        : Linear.withoutBias(inputs, outputs))
                .addInput("x", RandomTensors.normal(variant.hashCode(), shape), shape)
                .setFormula(
                        (arrays, parameters) ->
                                OracleLinear.linear(
                                        Scope.get(arrays, "x"),
                                        Scope.get(parameters, "weight"),
                                        parameters.get("bias")))
                .setTolerance(inputs + 1L, 2, "one sum over the inputs and the bias, lambda 4")
                .build();
    }

    private static ParityCase embedding(String variant, double[] ids, long... shape) {
        return ParityCase.builder("TokenEmbedding", variant)
                .setBlock(() -> TokenEmbedding.of(11, 6))
                .addIntegers("ids", ids, shape)
                .setFormula(
                        (arrays, parameters) -> {
                            Var given = Scope.get(arrays, "ids");
                            int[] rows =
                                    Arrays.stream(given.values()).mapToInt(v -> (int) v).toArray();
                            return OracleLinear.embedding(
                                    rows, given.shape(), Scope.get(parameters, "weight"));
                        })
                .setTolerance(1, 1, "a copy; only the gradient of a repeated row is a sum")
                .build();
    }
}

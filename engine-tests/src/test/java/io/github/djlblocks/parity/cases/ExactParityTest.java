package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.ParityAssertions;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Where no intermediate rounds, every engine gives the bits of the oracle. */
class ExactParityTest {

    private static final List<DataType> TYPES = List.of(DataType.FLOAT32, DataType.FLOAT64);

    static Stream<Arguments> exactEverywhere() {
        return Stream.of(
                        linear(),
                        embedding(),
                        residual(),
                        feedForward(ActivationFunction.IDENTITY),
                        feedForward(ActivationFunction.RELU),
                        oneKey(),
                        uniformWeights(),
                        oneKeyLeftByTheMask())
                .flatMap(
                        parityCase ->
                                EnginesUnderTest.discover().stream()
                                        .flatMap(
                                                e ->
                                                        TYPES.stream()
                                                                .map(
                                                                        t ->
                                                                                Arguments.of(
                                                                                        parityCase,
                                                                                        e,
                                                                                        t))));
    }

    @ParameterizedTest(name = "{0}, {1} {2}")
    @MethodSource("exactEverywhere")
    void forward_dyadicNumbers_givesTheBitsOfTheOracle(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        CaseResult truth = ParityRunner.truth(parityCase, dataType);

        CaseResult found = ParityRunner.forward(parityCase, engine, dataType);

        assertThat(found.output()).isEqualTo(truth.output());
        assertThat(Arrays.stream(truth.output()).filter(v -> v != 0).count()).isPositive();
    }

    @EachEngine(dataTypes = {DataType.FLOAT16, DataType.FLOAT32, DataType.FLOAT64})
    void splitAndMergeHeads_anyNumbers_moveBitsOnly(NDManager manager, DataType dataType) {
        double[] values = RandomTensors.rounded(RandomTensors.normal(5, 2, 3, 12), dataType);
        NDArray x = RandomTensors.toNDArray(manager, values, new Shape(2, 3, 12), dataType);

        NDArray heads = Kernels.of(x).splitHeads(x, 4);
        Var truth = OracleHeads.splitHeads(Var.of(values, 2, 3, 12), 4);

        ParityAssertions.assertThat(heads).isExactly(truth.values(), new Shape(2, 4, 3, 3));
        ParityAssertions.assertThat(Kernels.of(x).mergeHeads(heads)).isExactly(x);
    }

    /** Eighths up to 2 in magnitude: 8 products of them need 13 bits. */
    private static ParityCase linear() {
        return ParityCase.builder("Linear", "eighths")
                .setBlock(() -> Linear.withBias(8, 5))
                .addInput("x", RandomTensors.dyadic(1, 3, 8), 3, 8)
                .optParameter("weight", RandomTensors.dyadic(2, 5, 8))
                .optParameter("bias", RandomTensors.dyadic(3, 5))
                .setFormula(
                        (arrays, p) ->
                                OracleLinear.linear(
                                        Scope.get(arrays, "x"),
                                        Scope.get(p, "weight"),
                                        p.get("bias")))
                .setTolerance(1, 1, "exact")
                .build();
    }

    private static ParityCase embedding() {
        return ParityCase.builder("TokenEmbedding", "any numbers")
                .setBlock(() -> TokenEmbedding.of(4, 6))
                .addIntegers("ids", new double[] {3, 0, 3, 1}, 2, 2)
                .setFormula(
                        (arrays, p) ->
                                OracleLinear.embedding(
                                        new int[] {3, 0, 3, 1},
                                        new int[] {2, 2},
                                        Scope.get(p, "weight")))
                .setTolerance(1, 1, "exact")
                .build();
    }

    /** Rows of one magnitude, 2 or 4, and a weight of 0 or 1: RMSNorm without rounding. */
    private static ParityCase residual() {
        double[] x = {2, -2, 2, 2, -4, 4, 4, -4};
        return ParityCase.builder("Residual", "eighths")
                .setBlock(
                        () ->
                                Residual.pre(
                                        RmsNorm.builder().setChannels(4).optEpsilon(1e-30).build(),
                                        Linear.withoutBias(4, 4)))
                .addInput("x", x, 2, 4)
                .optParameter("norm.weight", new double[] {1, 0.5, 2, 1})
                .optParameter("sublayer.weight", RandomTensors.dyadic(7, 4, 4))
                .setFormula(
                        (arrays, p) -> {
                            Var given = Scope.get(arrays, "x");
                            Var signs = Var.of(Arrays.stream(x).map(Math::signum).toArray(), 2, 4);
                            Var normed = OracleMath.mul(signs, Scope.get(p, "norm.weight"));
                            return OracleMath.add(
                                    given,
                                    OracleLinear.linear(
                                            normed, Scope.get(p, "sublayer.weight"), null));
                        })
                .setTolerance(1, 1, "exact")
                .build();
    }

    /** Whole numbers up to 2: gate and up reach 16, their product 256, the output 2048. */
    private static ParityCase feedForward(ActivationFunction function) {
        return ParityCase.builder("GatedFeedForward", "whole numbers, " + function)
                .setBlock(() -> FeedForwardCases.block(function, false, 4, 4))
                .addInput("x", whole(11, 3, 4), 3, 4)
                .optParameter("gate.weight", whole(12, 4, 4))
                .optParameter("up.weight", whole(13, 4, 4))
                .optParameter("down.weight", whole(14, 4, 4))
                .setFormula(
                        (arrays, p) ->
                                Scope.of(p)
                                        .gatedFeedForward(
                                                Scope.get(arrays, "x"),
                                                FeedForwardCases.oracle(function)))
                .setTolerance(1, 1, "exact")
                .build();
    }

    /** One token: its weight is exactly 1, whatever the score. */
    private static ParityCase oneKey() {
        return attention("one key", RandomTensors.dyadic(22, 8, 4), 2, 1).build();
    }

    /** Queries of 0: every score is 0 and each of the four weights exactly a quarter. */
    private static ParityCase uniformWeights() {
        return attention("four equal keys", new double[32], 2, 4).build();
    }

    private static ParityCase oneKeyLeftByTheMask() {
        return attention("one key left by the mask", RandomTensors.dyadic(22, 8, 4), 2, 4)
                .addParamBooleans("keep", new double[] {0, 0, 1, 0, 1, 0, 0, 0}, 2, 1, 1, 4)
                .optParams(
                        arrays -> AttentionContext.none().withMask(arrays.get("keep")).toParams())
                .build();
    }

    private static ParityCaseBuilder attention(String variant, double[] query, int b, int s) {
        AttentionShape shape = AttentionShape.of(4, 4, 2, 2);
        return AttentionCases.plain(variant, shape, RandomTensors.dyadic(21, b, s, 4), b, s)
                .optParameter("query.weight", query)
                .optParameter("key.weight", RandomTensors.dyadic(23, 4, 4))
                .optParameter("value.weight", RandomTensors.dyadic(24, 4, 4))
                .optParameter("output.weight", whole(25, 4, 8));
    }

    private static double[] whole(long seed, long... shape) {
        return Arrays.stream(RandomTensors.dyadic(seed, shape)).map(Math::rint).toArray();
    }
}

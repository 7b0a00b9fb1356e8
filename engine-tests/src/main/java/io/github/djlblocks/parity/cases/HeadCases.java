package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.head.Pooler;
import io.github.djlblocks.head.QuestionAnsweringHead;
import io.github.djlblocks.head.SequenceClassificationHead;
import io.github.djlblocks.head.SequencePooling;
import io.github.djlblocks.head.TokenClassificationHead;
import io.github.djlblocks.head.UnitNorm;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleSequences;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Cases of pooling and of heads. */
final class HeadCases {

    private static final int B = 4;
    private static final int S = 5;
    private static final int E = 12;
    private static final int V = 13;
    private static final double EPSILON = 1e-5;

    /** Padding right, left, around a gap, and everywhere. */
    private static final double[] MASK = {
        1, 1, 1, 0, 0,
        0, 0, 1, 1, 1,
        0, 1, 0, 1, 0,
        0, 0, 0, 0, 0
    };

    private static final String SUMS = "one sum after the other, lambda 4 (2), for each stage";

    private HeadCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        for (Pooling mode : Pooling.values()) {
            cases.add(pooling(mode + ", no mask", mode).build());
            cases.add(pooling(mode + ", mask", mode).addIntegers("mask", MASK, B, S).build());
        }
        cases.add(
                pooling("MEAN, one mask for all", Pooling.MEAN)
                        .addIntegers("mask", Arrays.copyOf(MASK, S), 1, S)
                        .build());
        cases.add(
                pooling("FIRST, MAX and MEAN", Pooling.FIRST, Pooling.MAX, Pooling.MEAN)
                        .addIntegers("mask", MASK, B, S)
                        .build());
        double[] withZeros = RandomTensors.normal(5, B, E);
        Arrays.fill(withZeros, E, 2 * E, 0);
        cases.add(unitNorm("rows, one of them 0", UnitNorm::create, 1e-12, withZeros));
        cases.add(
                unitNorm(
                        "epsilon above some of the lengths",
                        () -> UnitNorm.of(3.4),
                        3.4,
                        RandomTensors.normal(6, B, E)));
        cases.addAll(classification());
        cases.addAll(languageModel());
        return cases;
    }

    private static ParityCaseBuilder pooling(String variant, Pooling... modes) {
        return sequence("SequencePooling", variant, E)
                .setBlock(() -> SequencePooling.of(modes))
                .setFormula((arrays, parameters) -> pool(arrays, modes))
                .setTolerance(2 * S, 2, SUMS);
    }

    private static ParityCase unitNorm(
            String variant, Supplier<UnitNorm> block, double epsilon, double[] x) {
        return ParityCase.builder("UnitNorm", variant)
                .setBlock(block)
                .addInput("x", x, B, E)
                .setFormula(
                        (arrays, parameters) ->
                                OracleSequences.unitNorm(Scope.get(arrays, "x"), epsilon))
                .setTolerance(E, 3, "a sum of squares, lambda 4 (2); root and quotient (1)")
                .build();
    }

    private static List<ParityCase> classification() {
        SequencePooling first = SequencePooling.of(Pooling.FIRST);
        return List.of(
                sequence("Pooler", "first token, tanh", E)
                        .setBlock(
                                () ->
                                        Pooler.of(
                                                first,
                                                Linear.withBias(E, 7),
                                                ActivationFunction.TANH))
                        .setFormula(
                                (arrays, parameters) ->
                                        pooler(
                                                arrays,
                                                Scope.of(parameters),
                                                Pooling.FIRST,
                                                OracleActivation.TANH))
                        .setTolerance(E + 1, 4, SUMS)
                        .build(),
                sequence("Pooler", "masked mean, ReLU, dropout of rate 0", E)
                        .addIntegers("mask", MASK, B, S)
                        .setBlock(
                                () ->
                                        Pooler.of(
                                                SequencePooling.of(Pooling.MEAN),
                                                Dropout.of(0),
                                                Linear.withBias(E, 7),
                                                ActivationFunction.RELU))
                        .setFormula(
                                (arrays, parameters) ->
                                        pooler(
                                                arrays,
                                                Scope.of(parameters),
                                                Pooling.MEAN,
                                                OracleActivation.RELU))
                        .setTolerance(S + E + 1, 4, SUMS)
                        .build(),
                sequence("SequenceClassificationHead", "pooler of the first token", E)
                        .setBlock(
                                () ->
                                        SequenceClassificationHead.of(
                                                Pooler.of(
                                                        first,
                                                        Linear.withBias(E, E),
                                                        ActivationFunction.TANH),
                                                Linear.withBias(E, 3)))
                        .setFormula(
                                (arrays, parameters) -> {
                                    Scope p = Scope.of(parameters);
                                    Var pooled =
                                            pooler(
                                                    arrays,
                                                    p.child("pooler"),
                                                    Pooling.FIRST,
                                                    OracleActivation.TANH);
                                    return p.linear("classifier", pooled);
                                })
                        .setTolerance(2 * E + 2, 4, SUMS)
                        .build(),
                sequence("SequenceClassificationHead", "last token, no bias", E)
                        .addIntegers("mask", MASK, B, S)
                        .setBlock(
                                () ->
                                        SequenceClassificationHead.of(
                                                SequencePooling.of(Pooling.LAST),
                                                Linear.withoutBias(E, 3)))
                        .setFormula(
                                (arrays, parameters) ->
                                        Scope.of(parameters)
                                                .linear("classifier", pool(arrays, Pooling.LAST)))
                        .setTolerance(E + 1, 4, SUMS)
                        .build(),
                sequence("TokenClassificationHead", "3 classes", E)
                        .setBlock(() -> TokenClassificationHead.of(Linear.withBias(E, 3)))
                        .setFormula(
                                (arrays, parameters) ->
                                        Scope.of(parameters)
                                                .linear("classifier", Scope.get(arrays, "x")))
                        .setTolerance(E + 1, 2, SUMS)
                        .build(),
                answer("start", 0),
                answer("end", 1));
    }

    private static ParityCase answer(String variant, int output) {
        return sequence("QuestionAnsweringHead", variant, E)
                .setBlock(
                        () -> OneOutput.of(QuestionAnsweringHead.of(Linear.withBias(E, 2)), output))
                .setFormula(
                        (arrays, parameters) ->
                                OracleSequences.channel(
                                        Scope.of(parameters)
                                                .child("block")
                                                .linear("outputs", Scope.get(arrays, "x")),
                                        output))
                .setTolerance(E + 1, 2, SUMS)
                .optGradientTerms(B * S)
                .build();
    }

    private static List<ParityCase> languageModel() {
        return List.of(
                sequence("LanguageModelHead", "own output", E)
                        .setBlock(
                                () ->
                                        LanguageModelHead.builder()
                                                .setOutput(Linear.withBias(E, V))
                                                .optScale(0.3)
                                                .build())
                        .setFormula(
                                (arrays, parameters) ->
                                        Scope.of(parameters)
                                                .linear(
                                                        "output",
                                                        OracleMath.scale(
                                                                Scope.get(arrays, "x"), 0.3)))
                        .setTolerance(E + 2, 2, SUMS)
                        .build(),
                ParityCase.builder("LanguageModelHead", "transform, tied, bias")
                        .addIntegers("ids", new double[] {0, 12, 3, 3, 7, 1, 0, 9, 5, 3}, 2, S)
                        .setBlock(() -> TiedModel.of(TokenEmbedding.of(V, E), HeadCases::tied))
                        .optSinglePrecisionGradients("MXNet")
                        .setFormula(
                                (arrays, parameters) -> {
                                    Scope p = Scope.of(parameters);
                                    Var table = p.required("embedding.weight");
                                    Var x = embedding(Scope.get(arrays, "ids"), table);
                                    Var y = transform(p.child("head"), x);
                                    return OracleLinear.linear(y, table, p.optional("head.bias"));
                                })
                        .setTolerance(4 * E + 2, 4, SUMS)
                        .build());
    }

    private static LanguageModelHead tied(TokenEmbedding table) {
        return LanguageModelHead.builder()
                .setTable(table)
                .optBias(true)
                .optTransform(
                        Linear.withBias(E, E),
                        ActivationFunction.GELU,
                        LayerNorm.builder().setChannels(E).optEpsilon(EPSILON).build())
                .build();
    }

    private static Var transform(Scope head, Var x) {
        Var y = OracleActivation.GELU_ERF.apply(head.linear("dense", x));
        return head.child("norm").layerNorm(y, EPSILON);
    }

    private static ParityCaseBuilder sequence(String block, String variant, int channels) {
        double[] x = RandomTensors.normal(variant.hashCode(), B, S, channels);
        return ParityCase.builder(block, variant).addInput("x", x, B, S, channels);
    }

    private static Var pooler(
            Map<String, Var> arrays, Scope p, Pooling mode, OracleActivation activation) {
        return activation.apply(p.linear("dense", pool(arrays, mode)));
    }

    private static Var pool(Map<String, Var> arrays, Pooling... modes) {
        Var x = Scope.get(arrays, "x");
        boolean[] keep = keep(arrays.get("mask"), new Shape(x.shape()[0], x.shape()[1]));
        Var y = OracleSequences.pool(x, keep, oracle(modes[0]));
        for (Pooling mode : Arrays.asList(modes).subList(1, modes.length)) {
            y = OracleSequences.join(y, OracleSequences.pool(x, keep, oracle(mode)));
        }
        return y;
    }

    private static boolean[] keep(@Nullable Var mask, Shape shape) {
        boolean[] keep = new boolean[Math.toIntExact(shape.size())];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = mask == null || mask.values()[i % mask.values().length] != 0;
        }
        return keep;
    }

    private static OracleSequences.Pooling oracle(Pooling pooling) {
        return switch (pooling) {
            case FIRST -> OracleSequences.Pooling.FIRST;
            case LAST -> OracleSequences.Pooling.LAST;
            case MAX -> OracleSequences.Pooling.MAX;
            case MEAN -> OracleSequences.Pooling.MEAN;
            case MEAN_SQRT_LENGTH -> OracleSequences.Pooling.MEAN_SQRT_LENGTH;
            case WEIGHTED_MEAN -> OracleSequences.Pooling.WEIGHTED_MEAN;
        };
    }

    static Var embedding(Var ids, Var table) {
        int[] rows = Arrays.stream(ids.values()).mapToInt(v -> (int) v).toArray();
        return OracleLinear.embedding(rows, ids.shape(), table);
    }
}

package io.github.djlblocks.parity.cases;

import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.parity.RandomTensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of multi-head attention. */
final class AttentionCases {

    private static final String REASON =
            "sums over E, D, T and H D, lambda 4 (2); a score's absolute error is a relative one of"
                    + " its weight, and scores reach 3 to 4 (2)";

    private AttentionCases() {}

    static List<ParityCase> all() {
        AttentionShape mha = AttentionShape.of(12, 4, 4, 4);
        AttentionShape gqa = AttentionShape.of(12, 4, 2, 4);
        AttentionShape mqa = AttentionShape.of(12, 4, 1, 4);
        List<ParityCase> cases = new ArrayList<>();
        cases.add(plain("MHA", mha, 2, 5).build());
        cases.add(plain("MHA, causal", mha.withCausal(), 2, 5).build());
        cases.add(plain("GQA 4/2", gqa, 2, 5).build());
        cases.add(plain("GQA 4/2, causal", gqa.withCausal(), 2, 5).build());
        cases.add(plain("MQA 4/1", mqa, 2, 5).build());
        cases.add(plain("MQA 4/1, causal", mqa.withCausal(), 2, 5).build());
        cases.add(
                plain("GQA 4/2, bias", gqa.withBias(), 2, 5)
                        .optGradientScale("key.bias", 1)
                        .build());
        cases.add(plain("scale 0.9", gqa.withScale(0.9).withCausal(), 2, 5).build());
        cases.add(plain("7 channels, 3 heads of 5", AttentionShape.of(7, 3, 3, 5), 3, 7).build());
        cases.add(plain("(1, 1, 1), 1 head of 1", AttentionShape.of(1, 1, 1, 1), 1, 1).build());
        cases.add(plain("1 token, causal", gqa.withCausal(), 2, 1).build());
        cases.add(rotary("half split", gqa.withRotary(RotaryLayout.HALF_SPLIT)).build());
        cases.add(
                rotary(
                                "interleaved, causal, bias",
                                gqa.withRotary(RotaryLayout.INTERLEAVED).withCausal().withBias())
                        .build());
        cases.add(
                rotary("given positions", gqa.withRotary(RotaryLayout.HALF_SPLIT).withCausal())
                        .addParamIntegers(
                                "positions", new double[] {3, 0, 9, 2, 7, 1, 40, 41, 5, 6}, 2, 5)
                        .optParams(
                                arrays ->
                                        AttentionContext.none()
                                                .withPositions(Scope.get(arrays, "positions"))
                                                .toParams())
                        .build());
        cases.addAll(masked(gqa));
        return cases;
    }

    private static List<ParityCase> masked(AttentionShape shape) {
        double[] padding = {1, 1, 1, 0, 0, 0, 0, 1, 1, 1};
        double[] firstRowAll = {0, 0, 0, 0, 0, 1, 0, 1, 1, 0};
        double[] perQuery = ones(2 * 5 * 5);
        Arrays.fill(perQuery, 2 * 5, 3 * 5, 0);
        perQuery[4] = 0;
        perQuery[31] = 0;
        double[] bias = RandomTensors.normal(91, 1, 4, 5, 5);
        double[] blocking = RandomTensors.normal(92, 2, 1, 5, 5);
        Arrays.fill(blocking, 3 * 5, 4 * 5, Double.NEGATIVE_INFINITY);
        blocking[0] = Double.NEGATIVE_INFINITY;
        return List.of(
                keep("padding mask", shape, padding, 2, 1, 1, 5),
                keep("padding mask, causal", shape.withCausal(), padding, 2, 1, 1, 5),
                keep("padding mask, a sequence of padding", shape, firstRowAll, 2, 1, 1, 5),
                keep("mask of queries, one sees nothing", shape, perQuery, 2, 1, 5, 5),
                bias("additive mask", shape, bias, 1, 4, 5, 5),
                bias("additive mask, causal", shape.withCausal(), bias, 1, 4, 5, 5),
                bias("additive mask with infinities", shape, blocking, 2, 1, 5, 5));
    }

    private static ParityCase keep(
            String variant, AttentionShape attention, double[] keep, long... shape) {
        return plain(variant, attention, 2, 5)
                .addParamBooleans("keep", keep, shape)
                .optParams(
                        arrays -> AttentionContext.none().withMask(arrays.get("keep")).toParams())
                .build();
    }

    private static ParityCase bias(
            String variant, AttentionShape attention, double[] bias, long... shape) {
        return plain(variant, attention, 2, 5)
                .addParamArray("bias", bias, shape)
                .optParams(
                        arrays -> AttentionContext.none().withMask(arrays.get("bias")).toParams())
                .build();
    }

    private static ParityCaseBuilder rotary(String variant, AttentionShape attention) {
        return plain("rotary, " + variant, attention, 2, 5);
    }

    static ParityCaseBuilder plain(String variant, AttentionShape attention, int b, int s) {
        double[] x = RandomTensors.normal(variant.hashCode(), b, s, attention.width());
        return plain(variant, attention, x, b, s);
    }

    static ParityCaseBuilder plain(
            String variant, AttentionShape attention, double[] x, int b, int s) {
        return ParityCase.builder("MultiHeadAttention", variant)
                .setBlock(attention::block)
                .addInput("x", x, b, s, attention.width())
                .setFormula(
                        (arrays, parameters) ->
                                attention.formula(
                                        arrays, Scope.of(parameters), Scope.get(arrays, "x")))
                .setTolerance(attention.terms(s), 4, REASON);
    }

    private static double[] ones(int count) {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        return ones;
    }
}

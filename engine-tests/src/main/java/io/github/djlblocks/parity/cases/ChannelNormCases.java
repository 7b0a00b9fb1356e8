package io.github.djlblocks.parity.cases;

import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.core.LearnedScale;
import io.github.djlblocks.layer.LayerScale;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.norm.GroupNorm;
import io.github.djlblocks.norm.InstanceNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleChannelNorms;
import io.github.djlblocks.parity.oracle.OracleDynamicTanh;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.List;
import java.util.function.UnaryOperator;

/** Cases of what has channels on axis 1, and of what scales channels. */
final class ChannelNormCases {

    private ChannelNormCases() {}

    static List<ParityCase> all() {
        return List.of(
                dynamicTanh("affine", b -> b, 2, 5, 24),
                dynamicTanh("no affine", b -> b.optWeight(false).optBias(false), 2, 5, 24),
                dynamicTanh("no bias", b -> b.optBias(false), 2, 5, 24),
                dynamicTanh("1 channel", b -> b.setChannels(1), 2, 5, 1),
                dynamicTanh("two axes", b -> b.setNormalizedShape(4, 6), 2, 5, 4, 6),
                dynamicTanh("images", b -> b.setChannels(4).optChannelsFirst(true), 2, 4, 3, 5),
                dynamicTanh(
                        "channels first, no bias",
                        b -> b.setChannels(6).optChannelsFirst(true).optBias(false),
                        3,
                        6,
                        4),
                groupNorm("2 groups, images", 2, 4, 1e-5, true, 3, 4, 2, 5),
                groupNorm("3 groups, no affine, epsilon 0.3", 3, 6, 0.3, false, 2, 6, 4),
                groupNorm("1 group, no positions", 1, 12, 1e-5, true, 3, 12),
                groupNorm(NormInputs.LARGE_MEAN + ", a group a channel", 4, 4, 1e-5, true, 2, 4, 9),
                groupNorm(NormInputs.ROW_OF_ZEROS, 2, 6, 1e-5, true, 2, 6, 4),
                instanceNorm("default", 4, 1e-5, false, 3, 4, 7),
                instanceNorm("affine, images, epsilon 0.3", 3, 0.3, true, 2, 3, 4, 5),
                instanceNorm("affine, volumes", 2, 1e-5, true, 2, 2, 3, 2, 4),
                learnedScale(),
                layerScale(),
                dropout());
    }

    private static ParityCase dynamicTanh(
            String variant, UnaryOperator<DynamicTanh.Builder> change, long... shape) {
        double[] x = NormInputs.normal(variant, 1, shape);
        return ParityCase.builder("DynamicTanh", variant)
                .setBlock(() -> change.apply(DynamicTanh.builder().setChannels(24)).build())
                .addInput("x", x, shape)
                .setFormula(
                        (arrays, parameters) -> {
                            Var given = Scope.get(arrays, "x");
                            Var weight = parameters.get("weight");
                            Var bias = parameters.get("bias");
                            Var alpha = Scope.get(parameters, "alpha");
                            boolean first = weight != null && weight.shape()[0] == shape[1];
                            if (first) {
                                Var y = OracleDynamicTanh.dynamicTanh(given, alpha, null, null);
                                return OracleChannelNorms.affine(y, weight, bias);
                            }
                            int n = weight == null ? 24 : weight.values().length;
                            return NormInputs.like(
                                    OracleDynamicTanh.dynamicTanh(
                                            NormInputs.rows(given, n),
                                            alpha,
                                            NormInputs.vector(weight, n),
                                            NormInputs.vector(bias, n)),
                                    given);
                        })
                .setTolerance(
                        1,
                        4,
                        "alpha x, its tanh (good to two epsilon), weight and bias round once each")
                // alpha's gradient sums x t' dt of every element; |x t'| is at most 0.45 / alpha
                .optGradientTerms(x.length)
                .optGradientScale("alpha", 0.45)
                .build();
    }

    private static ParityCase groupNorm(
            String variant,
            int groups,
            int channels,
            double epsilon,
            boolean affine,
            long... shape) {
        return normalized("GroupNorm", variant, groups, channels, epsilon, shape)
                .setBlock(
                        () ->
                                GroupNorm.builder()
                                        .setGroups(groups)
                                        .setChannels(channels)
                                        .optEpsilon(epsilon)
                                        .optAffine(affine)
                                        .build())
                .build();
    }

    private static ParityCase instanceNorm(
            String variant, int channels, double epsilon, boolean affine, long... shape) {
        return normalized("InstanceNorm", variant, channels, channels, epsilon, shape)
                .setBlock(
                        () ->
                                InstanceNorm.builder()
                                        .setChannels(channels)
                                        .optEpsilon(epsilon)
                                        .optAffine(affine)
                                        .build())
                .build();
    }

    private static ParityCaseBuilder normalized(
            String block, String variant, int groups, int channels, double epsilon, long... shape) {
        int size = 1;
        for (long extent : shape) {
            size = Math.toIntExact(size * extent);
        }
        int n = Math.toIntExact(size / shape[0] / groups);
        return ParityCase.builder(block, variant)
                .addInput("x", NormInputs.normal(variant, n, shape), shape)
                .setFormula(
                        (arrays, parameters) ->
                                OracleChannelNorms.groupNorm(
                                        Scope.get(arrays, "x"),
                                        parameters.get("weight"),
                                        parameters.get("bias"),
                                        groups,
                                        epsilon))
                .setTolerance(n, 6, "as LayerNorm, over the elements of a group")
                .optGradientTerms(size / channels);
    }

    private static ParityCase learnedScale() {
        return ParityCase.builder("LearnedScale", "(2, 5, 12)")
                .setBlock(() -> LearnedScale.of(Math.sqrt(12)))
                .addInput("x", RandomTensors.normal(41, 2, 5, 12), 2, 5, 12)
                .setFormula(
                        (arrays, p) ->
                                NormInputs.timesScalar(
                                        Scope.get(arrays, "x"), Scope.get(p, "weight")))
                .setTolerance(1, 1, "one product")
                .optGradientTerms(120)
                // 120 products of normal numbers, which may cancel
                .optGradientScale("weight", 1)
                .build();
    }

    private static ParityCase layerScale() {
        return ParityCase.builder("LayerScale", "(2, 5, 12)")
                .setBlock(() -> LayerScale.of(12, 1e-5))
                .addInput("x", RandomTensors.normal(42, 2, 5, 12), 2, 5, 12)
                .setFormula(
                        (arrays, p) ->
                                OracleMath.mul(Scope.get(arrays, "x"), Scope.get(p, "weight")))
                .setTolerance(1, 1, "one product")
                .build();
    }

    /** Of other rates the numbers are random in training. */
    private static ParityCase dropout() {
        return ParityCase.builder("Dropout", "nothing dropped")
                .setBlock(() -> Dropout.of(0))
                .addInput("x", RandomTensors.normal(43, 2, 5, 12), 2, 5, 12)
                .setFormula((arrays, p) -> OracleMath.scale(Scope.get(arrays, "x"), 1))
                .setTolerance(1, 1, "the input itself")
                .build();
    }
}

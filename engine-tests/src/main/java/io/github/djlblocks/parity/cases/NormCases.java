package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.LayerNormSpec.EpsilonPlacement;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.ScaleNorm;
import io.github.djlblocks.parity.oracle.OracleLayerNormOptions;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Cases of the norms over trailing axes but RMSNorm. */
final class NormCases {

    private static final String ROW_OF_ZEROS = NormInputs.ROW_OF_ZEROS;
    private static final OracleLayerNormOptions DEFAULT = OracleLayerNormOptions.DEFAULT;

    private NormCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        cases.add(layer("default", 24, b -> b));
        cases.add(layer("no affine", 24, b -> b.optWeight(false).optBias(false)));
        cases.add(layer("weight only", 24, b -> b.optBias(false)));
        cases.add(layer("512 channels", 512, b -> b));
        cases.add(layer(ROW_OF_ZEROS, 24, b -> b));
        cases.add(layer("1 channel", 1, b -> b));
        cases.add(layer(NormInputs.LARGE_MEAN, 24, b -> b));
        cases.add(layer(NormInputs.LARGE_MEAN + ", 512 channels", 512, b -> b));
        cases.addAll(layerOptions());
        cases.add(scale("default", 24, 1e-5, false));
        cases.add(scale("relative gain", 24, 1e-12, true));
        // The norms of 24 normal numbers lie around 4.9: about half of the rows are clamped.
        cases.add(scale("epsilon 4.9", 24, 4.9, false));
        cases.add(scale(ROW_OF_ZEROS, 24, 0.3, false));
        cases.add(scale(ROW_OF_ZEROS + ", relative gain", 24, 0.3, true));
        cases.add(scale("512 channels", 512, 1e-5, false));
        return cases;
    }

    private static List<ParityCase> layerOptions() {
        OracleLayerNormOptions outside = new OracleLayerNormOptions(true, false, false);
        OracleLayerNormOptions unbiased = new OracleLayerNormOptions(false, true, false);
        OracleLayerNormOptions annotated = new OracleLayerNormOptions(true, true, false);
        UnaryOperator<LayerNorm.Builder> change =
                b -> b.optEpsilonPlacement(EpsilonPlacement.OUTSIDE_ROOT).optUnbiased(true);
        return List.of(
                layer(
                        "outside root",
                        0.3,
                        outside,
                        b -> b.optEpsilonPlacement(EpsilonPlacement.OUTSIDE_ROOT),
                        24,
                        2,
                        5,
                        24),
                layer("unbiased", 0.3, unbiased, b -> b.optUnbiased(true), 3, 2, 5, 3),
                layer("outside root, unbiased", 1e-6, annotated, change, 6, 2, 5, 6),
                layer(ROW_OF_ZEROS + ", outside root", 0.3, annotated, change, 24, 2, 5, 24),
                layer(
                        "unit offset",
                        1e-5,
                        new OracleLayerNormOptions(false, false, true),
                        b -> b.optUnitOffset(true),
                        24,
                        2,
                        5,
                        24),
                layer("epsilon 0.3", 0.3, DEFAULT, b -> b, 24, 2, 5, 24),
                layer("two axes", 1e-5, DEFAULT, b -> b.setNormalizedShape(6, 4), 24, 2, 5, 6, 4),
                layer(
                        "every axis, outside root",
                        0.3,
                        annotated,
                        b -> change.apply(b).setNormalizedShape(2, 3, 4),
                        24,
                        2,
                        3,
                        4));
    }

    private static ParityCase layer(
            String variant, int channels, UnaryOperator<LayerNorm.Builder> change) {
        return layer(variant, 1e-5, DEFAULT, change, channels, 2, 5, channels);
    }

    private static ParityCase layer(
            String variant,
            double epsilon,
            OracleLayerNormOptions options,
            UnaryOperator<LayerNorm.Builder> change,
            int n,
            long... shape) {
        double[] x = NormInputs.normal(variant, n, shape);
        return ParityCase.builder("LayerNorm", variant)
                .setBlock(
                        () ->
                                change.apply(LayerNorm.builder().setChannels(n).optEpsilon(epsilon))
                                        .build())
                .addInput("x", x, shape)
                .setFormula(
                        (arrays, parameters) -> {
                            Var given = Scope.get(arrays, "x");
                            return NormInputs.like(
                                    OracleNorms.layerNorm(
                                            NormInputs.rows(given, n),
                                            NormInputs.vector(parameters.get("weight"), n),
                                            NormInputs.vector(parameters.get("bias"), n),
                                            epsilon,
                                            options),
                                    given);
                        })
                .setTolerance(n, 6, "as RMSNorm (4), and the sum of the mean before it (2)")
                .optGradientTerms(x.length / n)
                .build();
    }

    private static ParityCase scale(
            String variant, int channels, double epsilon, boolean relative) {
        OracleRmsNormOptions clamped =
                new OracleRmsNormOptions(OracleRmsNormOptions.EpsilonPlacement.CLAMP_NORM, false);
        return ParityCase.builder("ScaleNorm", variant)
                .setBlock(
                        () ->
                                ScaleNorm.builder()
                                        .setChannels(channels)
                                        .optEpsilon(epsilon)
                                        .optRelativeGain(relative)
                                        .build())
                .addInput("x", NormInputs.normal(variant, channels, 2, 5, channels), 2, 5, channels)
                .setFormula(
                        (arrays, parameters) -> {
                            Var x = Scope.get(arrays, "x");
                            Var gain = Scope.get(parameters, "weight");
                            if (!relative) {
                                return OracleNorms.scaleNorm(x, gain, epsilon);
                            }
                            Var normal = OracleNorms.rmsNorm(x, null, epsilon, clamped);
                            return NormInputs.timesScalar(normal, gain);
                        })
                .setTolerance(channels, 4, "as RMSNorm, the gain in place of the weight")
                // the gain's gradient sums over every element
                .optGradientTerms(10L * channels)
                .build();
    }
}

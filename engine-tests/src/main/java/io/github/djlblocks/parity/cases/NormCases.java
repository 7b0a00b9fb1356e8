package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.RmsNormSpec.EpsilonPlacement;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleDynamicTanh;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** Cases of the normalisation blocks and of dynamic tanh. */
final class NormCases {

    // The embedding of a padding token often is one.
    private static final String ROW_OF_ZEROS = "a row of zeros";

    private NormCases() {}

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        cases.add(rms("default", 24, 1e-6, inside(false), b -> b));
        cases.add(rms("inside root, epsilon 0.3", 24, 0.3, inside(false), b -> b));
        cases.add(rms("unit offset", 24, 1e-6, inside(true), b -> b.optUnitOffset(true)));
        cases.add(rms("weight in upcast", 24, 1e-6, inside(false), b -> b.optWeightInUpcast(true)));
        cases.add(rms("no upcast", 24, 1e-6, inside(false), b -> b.optUpcast(false)));
        cases.add(rms("no weight", 24, 1e-6, inside(false), b -> b.optWeight(false)));
        cases.add(
                rms(
                        "outside root, epsilon 0.3",
                        24,
                        0.3,
                        new OracleRmsNormOptions(
                                OracleRmsNormOptions.EpsilonPlacement.OUTSIDE_ROOT, false),
                        b -> b.optEpsilonPlacement(EpsilonPlacement.OUTSIDE_ROOT)));
        // The norms of 24 normal numbers lie around 4.9: about half of the rows are clamped.
        cases.add(
                rms(
                        "clamped norm, epsilon 4.9",
                        24,
                        4.9,
                        new OracleRmsNormOptions(
                                OracleRmsNormOptions.EpsilonPlacement.CLAMP_NORM, false),
                        b -> b.optEpsilonPlacement(EpsilonPlacement.CLAMPED_NORM)));
        cases.add(rms(ROW_OF_ZEROS + ", inside root", 24, 0.3, inside(false), b -> b));
        cases.add(
                rms(
                        ROW_OF_ZEROS + ", outside root",
                        24,
                        0.3,
                        new OracleRmsNormOptions(
                                OracleRmsNormOptions.EpsilonPlacement.OUTSIDE_ROOT, false),
                        b -> b.optEpsilonPlacement(EpsilonPlacement.OUTSIDE_ROOT)));
        cases.add(
                rms(
                        ROW_OF_ZEROS + ", clamped norm",
                        24,
                        0.3,
                        new OracleRmsNormOptions(
                                OracleRmsNormOptions.EpsilonPlacement.CLAMP_NORM, false),
                        b -> b.optEpsilonPlacement(EpsilonPlacement.CLAMPED_NORM)));
        cases.add(rms("512 channels", 512, 1e-6, inside(false), b -> b));
        cases.add(rms("3 channels", 3, 1e-6, inside(false), b -> b));
        cases.add(rms("1 channel", 1, 1e-6, inside(false), b -> b));
        cases.add(layer("default", 24, true, true));
        cases.add(layer("no affine", 24, false, false));
        cases.add(layer("weight only", 24, true, false));
        cases.add(layer("512 channels", 512, true, true));
        cases.add(layer(ROW_OF_ZEROS, 24, true, true));
        cases.add(layer("1 channel", 1, true, true));
        cases.add(dynamicTanh("affine", 24, true));
        cases.add(dynamicTanh("no affine", 24, false));
        cases.add(dynamicTanh("1 channel", 1, true));
        return cases;
    }

    private static OracleRmsNormOptions inside(boolean unitOffset) {
        return new OracleRmsNormOptions(
                OracleRmsNormOptions.EpsilonPlacement.INSIDE_ROOT, unitOffset);
    }

    private static ParityCase rms(
            String variant,
            int channels,
            double epsilon,
            OracleRmsNormOptions options,
            UnaryOperator<RmsNorm.Builder> change) {
        return ParityCase.builder("RmsNorm", variant)
                .setBlock(
                        () ->
                                change.apply(
                                                RmsNorm.builder()
                                                        .setChannels(channels)
                                                        .optEpsilon(epsilon))
                                        .build())
                .addInput("x", normal(variant, channels), 2, 5, channels)
                .setFormula(
                        (arrays, parameters) ->
                                OracleNorms.rmsNorm(
                                        Scope.get(arrays, "x"),
                                        parameters.get("weight"),
                                        epsilon,
                                        options))
                .setTolerance(
                        channels,
                        4,
                        "the sum of squares counts half under the root (1); mean, root, division,"
                                + " 1 + w and weight round once each (half each, lambda 1 to 2)")
                // dx = r (dy w - z mean(dy w z)): with few channels the two terms cancel
                .optGradientScale("x", channels < 4 ? largestSlope(variant, channels) : 0)
                .build();
    }

    /** The largest 1 / |x|, a bound of r up to the other channels of the row. */
    private static double largestSlope(String variant, int channels) {
        double smallest = Double.MAX_VALUE;
        double[] x = normal(variant, channels);
        for (int row = 0; row < x.length; row += channels) {
            double sum = 0;
            for (int i = row; i < row + channels; i++) {
                sum += x[i] * x[i];
            }
            smallest = Math.min(smallest, Math.sqrt(sum / channels));
        }
        return 1 / smallest;
    }

    private static ParityCase layer(String variant, int channels, boolean weight, boolean bias) {
        double epsilon = 1e-5;
        return ParityCase.builder("LayerNorm", variant)
                .setBlock(
                        () ->
                                LayerNorm.builder()
                                        .setChannels(channels)
                                        .optWeight(weight)
                                        .optBias(bias)
                                        .build())
                .addInput("x", normal(variant, channels), 2, 5, channels)
                .setFormula(
                        (arrays, parameters) ->
                                Scope.of(parameters).layerNorm(Scope.get(arrays, "x"), epsilon))
                .setTolerance(channels, 6, "as RMSNorm (4), and the sum of the mean before it (2)")
                .build();
    }

    private static ParityCase dynamicTanh(String variant, int channels, boolean affine) {
        return ParityCase.builder("DynamicTanh", variant)
                .setBlock(
                        () -> DynamicTanh.builder().setChannels(channels).optAffine(affine).build())
                .addInput("x", normal(variant, channels), 2, 5, channels)
                .setFormula(
                        (arrays, parameters) ->
                                OracleDynamicTanh.dynamicTanh(
                                        Scope.get(arrays, "x"),
                                        Scope.get(parameters, "alpha"),
                                        parameters.get("weight"),
                                        parameters.get("bias")))
                .setTolerance(
                        1,
                        4,
                        "alpha x, its tanh (good to two epsilon), weight and bias round once each")
                // alpha's gradient sums x t' dt of every element; |x t'| is at most 0.45 / alpha
                .optGradientTerms(10L * channels)
                .optGradientScale("alpha", 0.45)
                .build();
    }

    private static double[] normal(String variant, int channels) {
        double[] x = RandomTensors.normal(variant.hashCode(), 2, 5, channels);
        if (variant.startsWith(ROW_OF_ZEROS)) {
            Arrays.fill(x, channels, 2 * channels, 0);
        }
        return x;
    }
}

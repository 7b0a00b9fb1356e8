package io.github.djlblocks.parity.cases;

import io.github.djlblocks.kernel.RmsNormSpec.EpsilonPlacement;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Cases of RMSNorm. */
final class RmsNormCases {

    private static final String ROW_OF_ZEROS = NormInputs.ROW_OF_ZEROS;

    private RmsNormCases() {}

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
        cases.add(
                rms(
                        "a third measured",
                        24,
                        1e-6,
                        new OracleRmsNormOptions(
                                OracleRmsNormOptions.EpsilonPlacement.INSIDE_ROOT, false, 8),
                        // floor(24 * 0.35) = 8
                        b -> b.optPartial(0.35)));
        cases.add(
                rms(
                        "the paper's code: half measured, outside root, bias",
                        24,
                        0.1,
                        new OracleRmsNormOptions(
                                OracleRmsNormOptions.EpsilonPlacement.OUTSIDE_ROOT, false, 12),
                        b ->
                                b.optPartial(0.5)
                                        .optBias(true)
                                        .optEpsilonPlacement(EpsilonPlacement.OUTSIDE_ROOT)));
        cases.add(
                rms(
                        "half measured, clamped norm",
                        24,
                        3.4,
                        new OracleRmsNormOptions(
                                OracleRmsNormOptions.EpsilonPlacement.CLAMP_NORM, false, 12),
                        b -> b.optPartial(0.5).optEpsilonPlacement(EpsilonPlacement.CLAMPED_NORM)));
        cases.add(
                rms(
                        "Gemma: unit offset in upcast, bias",
                        24,
                        1e-6,
                        inside(true),
                        b -> b.optUnitOffset(true).optWeightInUpcast(true).optBias(true)));
        cases.add(
                rms("bias alone", 24, 1e-6, inside(false), b -> b.optWeight(false).optBias(true)));
        cases.add(
                rms(
                        "three axes",
                        24,
                        1e-6,
                        inside(false),
                        b -> b.setNormalizedShape(2, 3, 4).optBias(true),
                        2,
                        5,
                        2,
                        3,
                        4));
        cases.add(rms("every axis", 24, 0.3, inside(false), b -> b.setNormalizedShape(6, 4), 6, 4));
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
        return rms(variant, channels, epsilon, options, change, 2, 5, channels);
    }

    /** Of several axes the oracle sees one of their size. */
    private static ParityCase rms(
            String variant,
            int n,
            double epsilon,
            OracleRmsNormOptions options,
            UnaryOperator<RmsNorm.Builder> change,
            long... shape) {
        double[] x = NormInputs.normal(variant, n, shape);
        return ParityCase.builder("RmsNorm", variant)
                .setBlock(
                        () ->
                                change.apply(RmsNorm.builder().setChannels(n).optEpsilon(epsilon))
                                        .build())
                .addInput("x", x, shape)
                .setFormula(
                        (arrays, parameters) -> {
                            Var y =
                                    OracleNorms.rmsNorm(
                                            NormInputs.rows(Scope.get(arrays, "x"), n),
                                            NormInputs.vector(parameters.get("weight"), n),
                                            epsilon,
                                            options);
                            Var bias = NormInputs.vector(parameters.get("bias"), n);
                            return NormInputs.like(
                                    bias == null ? y : OracleMath.add(y, bias),
                                    Scope.get(arrays, "x"));
                        })
                .setTolerance(
                        n,
                        4,
                        "the sum of squares counts half under the root (1); mean, root, division,"
                                + " 1 + w and weight round once each (half each, lambda 1 to 2)")
                .optGradientTerms(x.length / n)
                // dx = r (dy w - z mean(dy w z)): with few channels the two terms cancel
                .optGradientScale("x", n < 4 ? largestSlope(x, n) : 0)
                .build();
    }

    /** The largest 1 / |x|, a bound of r up to the other channels of the row. */
    private static double largestSlope(double[] x, int channels) {
        double smallest = Double.MAX_VALUE;
        for (int row = 0; row < x.length; row += channels) {
            double sum = 0;
            for (int i = row; i < row + channels; i++) {
                sum += x[i] * x[i];
            }
            smallest = Math.min(smallest, Math.sqrt(sum / channels));
        }
        return 1 / smallest;
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Normalisations over the last axis, of length n.
 *
 * <p>Squares are taken as they are, so magnitudes up to about 1e100 are exact enough: all of
 * float32's range.
 */
public final class OracleNorms {

    private OracleNorms() {}

    /**
     * RMSNorm (arXiv 1910.07467): {@code y = x r g} with {@code r} as in {@link
     * OracleRmsNormOptions.EpsilonPlacement} of the elements measured and {@code g} the weight,
     * {@code 1 + weight}, or 1.
     *
     * <p>Gradients: {@code dx_j = r g_j dy_j + c x_j sum_i(dy_i g_i x_i)}, where {@code dr/dx_j = c
     * x_j}, 0 of those not measured; {@code dg = dy x r}.
     *
     * @param x (..., n)
     * @param weight (n), or none
     * @param epsilon not negative
     * @param options epsilon's place and the weight's meaning
     * @return (..., n)
     * @throws IllegalArgumentException if the sizes do not fit, epsilon is negative, or a unit
     *     offset is asked for without a weight
     */
    public static Var rmsNorm(
            Var x, @Nullable Var weight, double epsilon, OracleRmsNormOptions options) {
        int n = Shapes.last(x, "x");
        int m = options.measured() == 0 ? n : options.measured();
        Shapes.require(m <= n, "measured (%d) must not exceed the %d of the last axis", m, n);
        Shapes.requireShape(weight, "weight", n);
        requireEpsilon(epsilon);
        Shapes.require(
                weight != null || !options.unitOffset(),
                "unitOffset (true) needs a weight, and there is none: pass one or set it to false");
        double[] xs = x.data();
        int rows = xs.length / n;
        double[] g = new double[n];
        for (int i = 0; i < n; i++) {
            g[i] = weight == null ? 1 : weight.data()[i] + (options.unitOffset() ? 1 : 0);
        }
        double[] r = new double[rows];
        double[] c = new double[rows];
        double[] y = new double[xs.length];
        for (int row = 0; row < rows; row++) {
            double squares = 0;
            for (int i = 0; i < m; i++) {
                squares += xs[row * n + i] * xs[row * n + i];
            }
            switch (options.epsilonPlacement()) {
                case INSIDE_ROOT -> {
                    r[row] = 1 / Math.sqrt(squares / m + epsilon);
                    c[row] = -r[row] * r[row] * r[row] / m;
                }
                case OUTSIDE_ROOT -> {
                    double rms = Math.sqrt(squares / m);
                    r[row] = 1 / (rms + epsilon);
                    c[row] = rms == 0 ? 0 : -r[row] * r[row] / (m * rms);
                }
                case CLAMP_NORM -> {
                    double norm = Math.sqrt(squares);
                    r[row] = Math.sqrt(m) / Math.max(norm, epsilon);
                    c[row] = norm > epsilon ? -r[row] / squares : 0;
                }
            }
            for (int i = 0; i < n; i++) {
                y[row * n + i] = xs[row * n + i] * r[row] * g[i];
            }
        }
        return Var.node(
                y,
                x.dims(),
                Var.present(x, weight),
                dy -> {
                    double[] dx = x.sink();
                    for (int row = 0; row < rows; row++) {
                        double along = 0;
                        for (int i = 0; i < n; i++) {
                            along += dy[row * n + i] * g[i] * xs[row * n + i];
                        }
                        for (int i = 0; i < n; i++) {
                            int at = row * n + i;
                            dx[at] += r[row] * g[i] * dy[at];
                            if (i < m) {
                                dx[at] += c[row] * xs[at] * along;
                            }
                            if (weight != null) {
                                weight.sink()[i] += dy[at] * xs[at] * r[row];
                            }
                        }
                    }
                });
    }

    /**
     * LayerNorm as PyTorch has it: {@link #layerNorm(Var, Var, Var, double,
     * OracleLayerNormOptions)} with {@link OracleLayerNormOptions#DEFAULT}.
     *
     * @param x (..., n)
     * @param weight w (n), or none for 1
     * @param bias b (n), or none for 0
     * @param epsilon not negative
     * @return (..., n)
     * @throws IllegalArgumentException if the sizes do not fit or epsilon is negative
     */
    public static Var layerNorm(Var x, @Nullable Var weight, @Nullable Var bias, double epsilon) {
        return layerNorm(x, weight, bias, epsilon, OracleLayerNormOptions.DEFAULT);
    }

    /**
     * LayerNorm (arXiv 1607.06450): {@code y = z g + b}, {@code z = (x - mean(x)) r}, {@code r = 1
     * / sqrt(v + epsilon)} or {@code 1 / (sqrt(v) + epsilon)}, the variance {@code v = sum((x -
     * mean(x))^2) / m} with m = n or n - 1, g the weight or {@code 1 + weight}.
     *
     * <p>The mean is taken twice, the second time of the deviations: of a large one the rounding
     * would be seen.
     *
     * <p>Gradients: {@code dx = r (dz - mean(dz)) + r' 2 / m (x - mean(x)) sum(dz (x - mean(x)))}
     * with {@code r' = dr/dv}, {@code -r^3 / 2} or {@code -r^2 / (2 sqrt(v))}, 0 where v is 0.
     *
     * @param x (..., n)
     * @param weight w (n), or none for 1
     * @param bias b (n), or none for 0
     * @param epsilon not negative
     * @param options epsilon's place, the variance and the weight's meaning
     * @return (..., n)
     * @throws IllegalArgumentException if the sizes do not fit or epsilon is negative
     */
    public static Var layerNorm(
            Var x,
            @Nullable Var weight,
            @Nullable Var bias,
            double epsilon,
            OracleLayerNormOptions options) {
        int n = Shapes.last(x, "x");
        Shapes.requireShape(weight, "weight", n);
        Shapes.requireShape(bias, "bias", n);
        requireEpsilon(epsilon);
        int m = options.unbiased() ? n - 1 : n;
        double[] xs = x.data();
        int rows = xs.length / n;
        double[] r = new double[rows];
        double[] slope = new double[rows];
        double[] deviation = new double[xs.length];
        double[] z = new double[xs.length];
        for (int row = 0; row < rows; row++) {
            double mean = 0;
            for (int i = 0; i < n; i++) {
                mean += xs[row * n + i] / n;
            }
            double correction = 0;
            for (int i = 0; i < n; i++) {
                correction += (xs[row * n + i] - mean) / n;
            }
            double variance = 0;
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                deviation[at] = xs[at] - mean - correction;
                variance += deviation[at] * deviation[at] / m;
            }
            double root = Math.sqrt(variance);
            if (options.outsideRoot()) {
                r[row] = 1 / (root + epsilon);
                slope[row] = root == 0 ? 0 : -r[row] * r[row] / (2 * root);
            } else {
                r[row] = 1 / Math.sqrt(variance + epsilon);
                slope[row] = -r[row] * r[row] * r[row] / 2;
            }
            for (int i = 0; i < n; i++) {
                z[row * n + i] = deviation[row * n + i] * r[row];
            }
        }
        Var normalized =
                Var.node(
                        z,
                        x.dims(),
                        Var.present(x),
                        dz -> {
                            double[] dx = x.sink();
                            for (int row = 0; row < rows; row++) {
                                double mean = 0;
                                double along = 0;
                                for (int i = 0; i < n; i++) {
                                    mean += dz[row * n + i] / n;
                                    along += dz[row * n + i] * deviation[row * n + i];
                                }
                                for (int i = 0; i < n; i++) {
                                    int at = row * n + i;
                                    dx[at] +=
                                            r[row] * (dz[at] - mean)
                                                    + slope[row] * 2 / m * deviation[at] * along;
                                }
                            }
                        });
        Var factor = weight;
        if (weight != null && options.unitOffset()) {
            double[] ones = new double[n];
            Arrays.fill(ones, 1);
            factor = OracleMath.add(weight, Var.of(ones, n));
        }
        return OracleMath.affine(normalized, factor, bias);
    }

    /**
     * ScaleNorm (arXiv 1910.05895): {@code y = g x / max(||x||, epsilon)}.
     *
     * <p>Gradients, with {@code d = max(||x||, epsilon)}: {@code dx = g / d (dy - x sum(dy x) /
     * d^2)}, the second term only where the norm is the divisor; {@code dg = sum(dy x / d)}.
     *
     * @param x (..., n)
     * @param gain g, a single element
     * @param epsilon above 0
     * @return (..., n)
     */
    public static Var scaleNorm(Var x, Var gain, double epsilon) {
        int n = Shapes.last(x, "x");
        Shapes.requireShape(gain, "gain", 1);
        double[] xs = x.data();
        double g = gain.data()[0];
        int rows = xs.length / n;
        double[] norms = new double[rows];
        double[] y = new double[xs.length];
        for (int row = 0; row < rows; row++) {
            double squares = 0;
            for (int i = 0; i < n; i++) {
                squares += xs[row * n + i] * xs[row * n + i];
            }
            norms[row] = Math.sqrt(squares);
            for (int i = 0; i < n; i++) {
                y[row * n + i] = g * xs[row * n + i] / Math.max(norms[row], epsilon);
            }
        }
        return Var.node(
                y,
                x.dims(),
                Var.present(x, gain),
                dy -> {
                    double[] dx = x.sink();
                    for (int row = 0; row < rows; row++) {
                        double d = Math.max(norms[row], epsilon);
                        double along = 0;
                        for (int i = 0; i < n; i++) {
                            along += dy[row * n + i] * xs[row * n + i];
                        }
                        gain.sink()[0] += along / d;
                        double turn = norms[row] > epsilon ? along / (d * d) : 0;
                        for (int i = 0; i < n; i++) {
                            int at = row * n + i;
                            dx[at] += g / d * (dy[at] - xs[at] * turn);
                        }
                    }
                });
    }

    private static void requireEpsilon(double epsilon) {
        Shapes.require(epsilon >= 0, "epsilon (%s) must be at least 0", epsilon);
    }
}

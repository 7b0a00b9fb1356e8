package io.github.djlblocks.parity.oracle;

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
     * OracleRmsNormOptions.EpsilonPlacement} and {@code g} the weight, {@code 1 + weight}, or 1.
     *
     * <p>Gradients: {@code dx_j = r g_j dy_j + c x_j sum_i(dy_i g_i x_i)}, where {@code dr/dx_j = c
     * x_j}; {@code dg = dy x r}.
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
            for (int i = 0; i < n; i++) {
                squares += xs[row * n + i] * xs[row * n + i];
            }
            switch (options.epsilonPlacement()) {
                case INSIDE_ROOT -> {
                    r[row] = 1 / Math.sqrt(squares / n + epsilon);
                    c[row] = -r[row] * r[row] * r[row] / n;
                }
                case OUTSIDE_ROOT -> {
                    double rms = Math.sqrt(squares / n);
                    r[row] = 1 / (rms + epsilon);
                    c[row] = rms == 0 ? 0 : -r[row] * r[row] / (n * rms);
                }
                case CLAMP_NORM -> {
                    double norm = Math.sqrt(squares);
                    r[row] = Math.sqrt(n) / Math.max(norm, epsilon);
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
                            dx[at] += r[row] * g[i] * dy[at] + c[row] * xs[at] * along;
                            if (weight != null) {
                                weight.sink()[i] += dy[at] * xs[at] * r[row];
                            }
                        }
                    }
                });
    }

    /**
     * LayerNorm (arXiv 1607.06450): {@code y = z w + b}, {@code z = (x - mean(x)) r}, {@code r = 1
     * / sqrt(var(x) + epsilon)}, with the biased variance {@code mean((x - mean(x))^2)}.
     *
     * <p>Gradients: {@code dx = r (dz - mean(dz) - z mean(dz z))} with {@code dz = dy w}; {@code dw
     * = dy z}, {@code db = dy}.
     *
     * @param x (..., n)
     * @param weight w (n), or none for 1
     * @param bias b (n), or none for 0
     * @param epsilon not negative
     * @return (..., n)
     * @throws IllegalArgumentException if the sizes do not fit or epsilon is negative
     */
    public static Var layerNorm(Var x, @Nullable Var weight, @Nullable Var bias, double epsilon) {
        int n = Shapes.last(x, "x");
        Shapes.requireShape(weight, "weight", n);
        Shapes.requireShape(bias, "bias", n);
        requireEpsilon(epsilon);
        double[] xs = x.data();
        int rows = xs.length / n;
        double[] r = new double[rows];
        double[] z = new double[xs.length];
        for (int row = 0; row < rows; row++) {
            double mean = 0;
            for (int i = 0; i < n; i++) {
                mean += xs[row * n + i] / n;
            }
            double variance = 0;
            for (int i = 0; i < n; i++) {
                variance += (xs[row * n + i] - mean) * (xs[row * n + i] - mean) / n;
            }
            r[row] = 1 / Math.sqrt(variance + epsilon);
            for (int i = 0; i < n; i++) {
                z[row * n + i] = (xs[row * n + i] - mean) * r[row];
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
                                    along += dz[row * n + i] * z[row * n + i] / n;
                                }
                                for (int i = 0; i < n; i++) {
                                    int at = row * n + i;
                                    dx[at] += r[row] * (dz[at] - mean - z[at] * along);
                                }
                            }
                        });
        return OracleMath.affine(normalized, weight, bias);
    }

    private static void requireEpsilon(double epsilon) {
        Shapes.require(epsilon >= 0, "epsilon (%s) must be at least 0", epsilon);
    }
}

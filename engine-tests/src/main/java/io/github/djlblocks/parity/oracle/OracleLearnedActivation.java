package io.github.djlblocks.parity.oracle;

import java.util.List;

/** Activations with numbers that learn. */
public final class OracleLearnedActivation {

    private OracleLearnedActivation() {}

    /**
     * Parametric ReLU (arXiv 1502.01852): {@code y = x} above 0, else {@code slope * x}. Gradients:
     * {@code dx = dy} above 0, else {@code slope * dy}; that of the slope is the sum of {@code x *
     * dy} where x is not above 0.
     *
     * @param x of any shape
     * @param slope (1), or (C) for an axis of C channels
     * @param axis the axis of the channels, from 0
     * @return of the shape of {@code x}
     */
    public static Var prelu(Var x, Var slope, int axis) {
        double[] xs = x.data();
        double[] slopes = slope.data();
        Shapes.require(
                slopes.length == 1 || slopes.length == x.dims()[axis],
                "slope %s must have one number or one for each channel of axis %d of %s",
                Shapes.text(slope.dims()),
                axis,
                Shapes.text(x.dims()));
        int stride = 1;
        for (int i = axis + 1; i < x.dims().length; i++) {
            stride *= x.dims()[i];
        }
        int step = stride;
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = xs[i] > 0 ? xs[i] : slopes[i / step % slopes.length] * xs[i];
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x, slope),
                dy -> {
                    for (int i = 0; i < dy.length; i++) {
                        int channel = i / step % slopes.length;
                        if (xs[i] > 0) {
                            x.sink()[i] += dy[i];
                        } else {
                            x.sink()[i] += slopes[channel] * dy[i];
                            slope.sink()[channel] += xs[i] * dy[i];
                        }
                    }
                });
    }

    /**
     * Swish with an array for beta (arXiv 1710.05941): {@code y = x s(beta x)}. Gradients: {@code
     * dx = (s + beta x s (1 - s)) dy}; that of beta is the sum of {@code x^2 s (1 - s) dy}.
     *
     * @param x (..., E)
     * @param beta (1) or (E)
     * @return of the shape of {@code x}
     */
    public static Var swish(Var x, Var beta) {
        double[] xs = x.data();
        double[] betas = beta.data();
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = xs[i] * Curves.sigmoid(betas[i % betas.length] * xs[i]);
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x, beta),
                dy -> {
                    for (int i = 0; i < dy.length; i++) {
                        int channel = i % betas.length;
                        double b = betas[channel];
                        double s = Curves.sigmoid(b * xs[i]);
                        double slope = s * Curves.sigmoid(-b * xs[i]);
                        x.sink()[i] += (s + b * xs[i] * slope) * dy[i];
                        beta.sink()[channel] += xs[i] * xs[i] * slope * dy[i];
                    }
                });
    }
}

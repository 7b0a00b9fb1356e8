package io.github.djlblocks.parity.oracle;

import org.jspecify.annotations.Nullable;

/** Dynamic Tanh, DyT (arXiv 2503.10622): what takes a normalisation's place. */
public final class OracleDynamicTanh {

    private OracleDynamicTanh() {}

    /**
     * Squashes and scales: {@code y = tanh(alpha x) w + b}.
     *
     * <p>Gradients, with {@code t' = 1 - tanh(alpha x)^2} and {@code dt = dy w}: {@code dx = alpha
     * t' dt}, {@code dalpha = sum(x t' dt)}.
     *
     * @param x (..., n)
     * @param alpha a single element
     * @param weight w (n), or none for 1
     * @param bias b (n), or none for 0
     * @return (..., n)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var dynamicTanh(Var x, Var alpha, @Nullable Var weight, @Nullable Var bias) {
        int n = Shapes.last(x, "x");
        Shapes.requireShape(weight, "weight", n);
        Shapes.requireShape(bias, "bias", n);
        Shapes.require(
                alpha.data().length == 1,
                "alpha %s must have 1 element, not %d",
                Shapes.text(alpha.dims()),
                alpha.data().length);
        double[] xs = x.data();
        double a = alpha.data()[0];
        double[] t = new double[xs.length];
        for (int i = 0; i < t.length; i++) {
            t[i] = Math.tanh(a * xs[i]);
        }
        Var squashed =
                Var.node(
                        t,
                        x.dims(),
                        Var.present(x, alpha),
                        dt -> {
                            double[] dx = x.sink();
                            for (int i = 0; i < dt.length; i++) {
                                double d = dt[i] * Curves.tanhDerivative(a * xs[i]);
                                dx[i] += a * d;
                                alpha.sink()[0] += xs[i] * d;
                            }
                        });
        return OracleMath.affine(squashed, weight, bias);
    }
}

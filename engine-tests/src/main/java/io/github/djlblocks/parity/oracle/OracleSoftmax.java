package io.github.djlblocks.parity.oracle;

import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Softmax and its logarithm along any axis. */
public final class OracleSoftmax {

    private OracleSoftmax() {}

    /**
     * Softmax: {@code y = exp(x) / sum(exp(x))} along an axis, gradient {@code dx = y (dy - sum(y
     * dy))}.
     *
     * @param x of any shape
     * @param axis from 0
     * @return of the shape of {@code x}
     */
    public static Var softmax(Var x, int axis) {
        Lines lines = new Lines(x.dims(), axis);
        double[] y = lines.along(x.data(), OracleSoftmax::softmax);
        return Var.node(
                y,
                x.dims(),
                List.of(x),
                dy ->
                        lines.addGradient(
                                x.sink(),
                                y,
                                dy,
                                (p, d) -> {
                                    double dot = 0;
                                    for (int i = 0; i < p.length; i++) {
                                        dot += p[i] * d[i];
                                    }
                                    double[] dx = new double[p.length];
                                    for (int i = 0; i < p.length; i++) {
                                        dx[i] = p[i] * (d[i] - dot);
                                    }
                                    return dx;
                                }));
    }

    /**
     * Log-softmax: {@code y = x - ln(sum(exp(x)))} along an axis, gradient {@code dx = dy - exp(y)
     * sum(dy)}.
     *
     * @param x of any shape
     * @param axis from 0
     * @return of the shape of {@code x}
     */
    public static Var logSoftmax(Var x, int axis) {
        Lines lines = new Lines(x.dims(), axis);
        double[] y = lines.along(x.data(), OracleSoftmax::logSoftmax);
        return Var.node(
                y,
                x.dims(),
                List.of(x),
                dy ->
                        lines.addGradient(
                                x.sink(),
                                y,
                                dy,
                                (l, d) -> {
                                    double sum = 0;
                                    for (double v : d) {
                                        sum += v;
                                    }
                                    double[] dx = new double[l.length];
                                    for (int i = 0; i < l.length; i++) {
                                        dx[i] = d[i] - Math.exp(l[i]) * sum;
                                    }
                                    return dx;
                                }));
    }

    private static double[] softmax(double[] z) {
        double[] p = z.clone();
        Softmax.apply(p, 0, p.length);
        return p;
    }

    private static double[] logSoftmax(double[] z) {
        double max = Double.NEGATIVE_INFINITY;
        for (double v : z) {
            max = Math.max(max, v);
        }
        double sum = 0;
        for (double v : z) {
            sum += Math.exp(v - max);
        }
        double[] y = new double[z.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = z[i] - max - Math.log(sum);
        }
        return y;
    }

    /** The lines of an array along one of its axes. */
    private static final class Lines {

        private final int length;
        private final int stride;

        Lines(int[] shape, int axis) {
            Shapes.require(
                    axis >= 0 && axis < shape.length,
                    "axis (%d) must be one of the axes of %s",
                    axis,
                    Shapes.text(shape));
            length = shape[axis];
            int after = 1;
            for (int i = axis + 1; i < shape.length; i++) {
                after *= shape[i];
            }
            stride = after;
        }

        double[] along(double[] x, UnaryOperator<double[]> function) {
            double[] y = new double[x.length];
            for (int line = 0; line < x.length / length; line++) {
                put(y, line, function.apply(take(x, line)));
            }
            return y;
        }

        void addGradient(double[] dx, double[] y, double[] dy, BinaryOperator<double[]> function) {
            double[] gradient = new double[y.length];
            for (int line = 0; line < y.length / length; line++) {
                put(gradient, line, function.apply(take(y, line), take(dy, line)));
            }
            for (int i = 0; i < dx.length; i++) {
                dx[i] += gradient[i];
            }
        }

        private int first(int line) {
            return line / stride * stride * length + line % stride;
        }

        private double[] take(double[] x, int line) {
            double[] taken = new double[length];
            for (int i = 0; i < length; i++) {
                taken[i] = x[first(line) + i * stride];
            }
            return taken;
        }

        private void put(double[] y, int line, double[] values) {
            for (int i = 0; i < length; i++) {
                y[first(line) + i * stride] = values[i];
            }
        }
    }
}

package io.github.djlblocks.parity.oracle;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Elementwise arithmetic, sums and reshapes. */
public final class OracleMath {

    private OracleMath() {}

    /**
     * Adds: {@code y = x + b}, gradients {@code dx = dy}, {@code db = dy} summed over the broadcast
     * axes.
     *
     * @param x of any shape
     * @param b of the shape of {@code x}, or of its trailing axes
     * @return the sum, of the shape of {@code x}
     * @throws IllegalArgumentException if the shape of {@code b} is not a tail of that of {@code x}
     */
    public static Var add(Var x, Var b) {
        double[] xs = x.data();
        double[] bs = b.data();
        requireTail(x, b);
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = xs[i] + bs[i % bs.length];
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x, b),
                dy -> {
                    double[] dx = x.sink();
                    double[] db = b.sink();
                    for (int i = 0; i < dy.length; i++) {
                        dx[i] += dy[i];
                        db[i % db.length] += dy[i];
                    }
                });
    }

    /**
     * Multiplies elementwise: {@code y = x * b}, gradients {@code dx = dy * b}, {@code db = dy * x}
     * summed over the broadcast axes.
     *
     * @param x of any shape
     * @param b of the shape of {@code x}, or of its trailing axes
     * @return the product, of the shape of {@code x}
     * @throws IllegalArgumentException if the shape of {@code b} is not a tail of that of {@code x}
     */
    public static Var mul(Var x, Var b) {
        double[] xs = x.data();
        double[] bs = b.data();
        requireTail(x, b);
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = xs[i] * bs[i % bs.length];
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x, b),
                dy -> {
                    double[] dx = x.sink();
                    double[] db = b.sink();
                    for (int i = 0; i < dy.length; i++) {
                        dx[i] += dy[i] * bs[i % bs.length];
                        db[i % db.length] += dy[i] * xs[i];
                    }
                });
    }

    /**
     * Multiplies by a constant: {@code y = factor * x}, gradient {@code dx = factor * dy}.
     *
     * @param x of any shape
     * @param factor the constant
     * @return the product, of the shape of {@code x}
     */
    public static Var scale(Var x, double factor) {
        double[] y = x.values();
        for (int i = 0; i < y.length; i++) {
            y[i] *= factor;
        }
        return Var.node(
                y,
                x.dims(),
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < dy.length; i++) {
                        dx[i] += factor * dy[i];
                    }
                });
    }

    /**
     * Sums all elements; every element's gradient is that of the sum.
     *
     * @param x of any shape
     * @return the sum, a scalar of shape {@code ()}
     */
    public static Var sum(Var x) {
        double sum = 0;
        for (double value : x.data()) {
            sum += value;
        }
        return Var.node(
                new double[] {sum},
                new int[0],
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < dx.length; i++) {
                        dx[i] += dy[0];
                    }
                });
    }

    /**
     * Gives the same elements, in the same order, another shape.
     *
     * @param x of any shape
     * @param shape the new shape
     * @return the elements of {@code x} in the new shape
     * @throws IllegalArgumentException if the new shape has another number of elements
     */
    public static Var reshape(Var x, int... shape) {
        Shapes.require(
                Shapes.size(shape) == x.data().length,
                "shape %s cannot become %s: the numbers of elements differ (%d and %d)",
                Shapes.text(x.dims()),
                Shapes.text(shape),
                x.data().length,
                Shapes.size(shape));
        return Var.node(
                x.values(),
                shape,
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < dy.length; i++) {
                        dx[i] += dy[i];
                    }
                });
    }

    /** {@code x weight + bias} over the last axis, either of them optional. */
    static Var affine(Var x, @Nullable Var weight, @Nullable Var bias) {
        Var scaled = weight == null ? x : OracleMath.mul(x, weight);
        return bias == null ? scaled : OracleMath.add(scaled, bias);
    }

    private static void requireTail(Var x, Var b) {
        int[] xShape = x.dims();
        int[] bShape = b.dims();
        int from = xShape.length - bShape.length;
        Shapes.require(
                from >= 0 && Arrays.equals(bShape, Arrays.copyOfRange(xShape, from, xShape.length)),
                "shape %s must be that of the left operand %s or of its trailing axes",
                Shapes.text(bShape),
                Shapes.text(xShape));
    }
}

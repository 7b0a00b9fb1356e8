package io.github.djlblocks.parity.oracle;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Linear maps, table look-up and the gated feed-forward network. */
public final class OracleLinear {

    private OracleLinear() {}

    /**
     * Applies a linear map to the last axis: {@code y[n, o] = sum_i x[n, i] weight[o, i] +
     * bias[o]}. Gradients: {@code dx = dy weight}, {@code dweight = dy^T x}, {@code dbias = sum_n
     * dy}.
     *
     * @param x (..., in)
     * @param weight (out, in)
     * @param bias (out), or none
     * @return (..., out)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var linear(Var x, Var weight, @Nullable Var bias) {
        Shapes.requireRank(weight, "weight", 2, "(out, in)");
        int in = Shapes.last(x, "x");
        int out = weight.dims()[0];
        Shapes.require(
                weight.dims()[1] == in,
                "weight %s must have as many columns as x %s has channels",
                Shapes.text(weight.dims()),
                Shapes.text(x.dims()));
        Shapes.requireShape(bias, "bias", out);
        double[] xs = x.data();
        double[] ws = weight.data();
        int rows = xs.length / in;
        double[] y = new double[Shapes.size(rows, out)];
        for (int n = 0; n < rows; n++) {
            for (int o = 0; o < out; o++) {
                double sum = 0;
                for (int i = 0; i < in; i++) {
                    sum += xs[n * in + i] * ws[o * in + i];
                }
                y[n * out + o] = bias == null ? sum : sum + bias.data()[o];
            }
        }
        return Var.node(
                y,
                Shapes.withLast(x.dims(), out),
                Var.present(x, weight, bias),
                dy -> {
                    double[] dx = x.sink();
                    double[] dw = weight.sink();
                    for (int n = 0; n < rows; n++) {
                        for (int o = 0; o < out; o++) {
                            double d = dy[n * out + o];
                            for (int i = 0; i < in; i++) {
                                dx[n * in + i] += d * ws[o * in + i];
                                dw[o * in + i] += d * xs[n * in + i];
                            }
                            if (bias != null) {
                                bias.sink()[o] += d;
                            }
                        }
                    }
                });
    }

    /**
     * Looks rows up in a table: {@code y[n] = table[ids[n]]}, gradient {@code dtable[ids[n]] +=
     * dy[n]}.
     *
     * @param ids the row numbers, row-major
     * @param idsShape the shape of {@code ids}
     * @param table (rows, width)
     * @return (...idsShape, width)
     * @throws IllegalArgumentException if a row number is outside the table, or the shape has not
     *     as many elements as there are row numbers
     */
    public static Var embedding(int[] ids, int[] idsShape, Var table) {
        Shapes.requireRank(table, "table", 2, "(rows, width)");
        Shapes.require(
                ids.length == Shapes.size(idsShape),
                "ids (%d) must have one element for each of the %d of shape %s",
                ids.length,
                Shapes.size(idsShape),
                Shapes.text(idsShape));
        int rows = table.dims()[0];
        int width = table.dims()[1];
        int[] lookedUp = ids.clone();
        double[] y = new double[Shapes.size(ids.length, width)];
        for (int n = 0; n < lookedUp.length; n++) {
            Shapes.require(
                    lookedUp[n] >= 0 && lookedUp[n] < rows,
                    "id (%d) must be a row of the table of %d rows",
                    lookedUp[n],
                    rows);
            System.arraycopy(table.data(), lookedUp[n] * width, y, n * width, width);
        }
        int[] shape = Arrays.copyOf(idsShape, idsShape.length + 1);
        shape[idsShape.length] = width;
        return Var.node(
                y,
                shape,
                List.of(table),
                dy -> {
                    double[] dTable = table.sink();
                    for (int n = 0; n < lookedUp.length; n++) {
                        for (int i = 0; i < width; i++) {
                            dTable[lookedUp[n] * width + i] += dy[n * width + i];
                        }
                    }
                });
    }

    /**
     * The gated feed-forward network of arXiv 2002.05202: {@code down(activation(gate(x)) *
     * up(x))}; with SiLU it is SwiGLU, with GELU it is GEGLU.
     *
     * @param x (..., width)
     * @param gate weight (inner, width)
     * @param up weight (inner, width)
     * @param down weight (width, inner)
     * @param gateBias (inner), or none
     * @param upBias (inner), or none
     * @param downBias (width), or none
     * @param activation applied to the gate
     * @return (..., width)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var gatedFeedForward(
            Var x,
            Var gate,
            Var up,
            Var down,
            @Nullable Var gateBias,
            @Nullable Var upBias,
            @Nullable Var downBias,
            OracleActivation activation) {
        Var gated = activation.apply(linear(x, gate, gateBias));
        return linear(OracleMath.mul(gated, linear(x, up, upBias)), down, downBias);
    }

    /**
     * The gated feed-forward network without biases.
     *
     * @param x (..., width)
     * @param gate weight (inner, width)
     * @param up weight (inner, width)
     * @param down weight (width, inner)
     * @param activation applied to the gate
     * @return (..., width)
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public static Var gatedFeedForward(
            Var x, Var gate, Var up, Var down, OracleActivation activation) {
        return gatedFeedForward(x, gate, up, down, null, null, null, activation);
    }
}

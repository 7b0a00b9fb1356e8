package io.github.djlblocks.parity.oracle;

import java.util.List;

/** Moves between one wide channel axis and separate heads. */
public final class OracleHeads {

    private OracleHeads() {}

    /**
     * Splits channels into heads: {@code y[b, h, s, d] = x[b, s, h * D + d]}.
     *
     * @param x (B, S, H * D)
     * @param heads H
     * @return (B, H, S, D)
     * @throws IllegalArgumentException if the channels are not a multiple of the heads
     */
    public static Var splitHeads(Var x, int heads) {
        Shapes.requireRank(x, "x", 3, "(B, S, H * D)");
        int channels = x.dims()[2];
        Shapes.require(
                heads >= 1 && channels % heads == 0,
                "heads (%d) must divide the %d channels of x",
                heads,
                channels);
        int[] shape = {x.dims()[0], heads, x.dims()[1], channels / heads};
        return swap(x, shape, heads, x.dims()[1], false);
    }

    /**
     * Joins heads into channels: {@code y[b, s, h * D + d] = x[b, h, s, d]}.
     *
     * @param x (B, H, S, D)
     * @return (B, S, H * D)
     * @throws IllegalArgumentException if {@code x} has not four axes
     */
    public static Var mergeHeads(Var x) {
        Shapes.requireRank(x, "x", 4, "(B, H, S, D)");
        int h = x.dims()[1];
        int s = x.dims()[2];
        int[] shape = {x.dims()[0], s, h * x.dims()[3]};
        return swap(x, shape, h, s, true);
    }

    private static Var swap(Var x, int[] shape, int h, int s, boolean merge) {
        int[] d = merge ? x.dims() : shape;
        int[] splitIndex = new int[x.data().length];
        int[] mergedIndex = new int[x.data().length];
        for (int i = 0; i < splitIndex.length; i++) {
            int channel = i % d[3];
            int token = i / d[3] % s;
            int head = i / (d[3] * s) % h;
            int batch = i / (d[3] * s * h);
            splitIndex[i] = i;
            mergedIndex[i] = ((batch * s + token) * h + head) * d[3] + channel;
        }
        int[] from = merge ? splitIndex : mergedIndex;
        int[] to = merge ? mergedIndex : splitIndex;
        double[] y = new double[from.length];
        for (int i = 0; i < y.length; i++) {
            y[to[i]] = x.data()[from[i]];
        }
        return Var.node(
                y,
                shape,
                List.of(x),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < dy.length; i++) {
                        dx[from[i]] += dy[to[i]];
                    }
                });
    }
}

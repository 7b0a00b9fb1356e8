package io.github.djlblocks.parity.oracle;

import org.jspecify.annotations.Nullable;

/** What has its channels on axis 1. */
public final class OracleChannelNorms {

    private OracleChannelNorms() {}

    /**
     * GroupNorm (arXiv 1803.08494): LayerNorm without weight and bias over each group of channels
     * of each sample, then a factor and an offset for each channel. With as many groups as channels
     * it is InstanceNorm (arXiv 1607.08022).
     *
     * @param x (b, c, ...)
     * @param weight (c), or none for 1
     * @param bias (c), or none for 0
     * @param groups divides c
     * @param epsilon added to the variance, which is divided by the number of elements
     * @return (b, c, ...)
     */
    public static Var groupNorm(
            Var x, @Nullable Var weight, @Nullable Var bias, int groups, double epsilon) {
        int[] shape = x.shape();
        int rows = shape[0] * groups;
        Var grouped = OracleMath.reshape(x, rows, x.values().length / rows);
        Var normalized = OracleNorms.layerNorm(grouped, null, null, epsilon);
        return affine(OracleMath.reshape(normalized, shape), weight, bias);
    }

    /**
     * Scales and shifts channels: {@code y = x w + b}, gradients {@code dx = dy w}, {@code dw = sum
     * (dy x)} and {@code db = sum(dy)} over all axes but 1.
     *
     * @param x (b, c, ...)
     * @param weight w (c), or none for 1
     * @param bias b (c), or none for 0
     * @return (b, c, ...)
     */
    public static Var affine(Var x, @Nullable Var weight, @Nullable Var bias) {
        int[] shape = x.dims();
        Shapes.require(shape.length >= 2, "x %s must have an axis 1", Shapes.text(shape));
        int channels = shape[1];
        Shapes.requireShape(weight, "weight", channels);
        Shapes.requireShape(bias, "bias", channels);
        double[] xs = x.data();
        int positions = xs.length / (shape[0] * channels);
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
            int channel = i / positions % channels;
            double w = weight == null ? 1 : weight.data()[channel];
            y[i] = xs[i] * w + (bias == null ? 0 : bias.data()[channel]);
        }
        return Var.node(
                y,
                shape,
                Var.present(x, weight, bias),
                dy -> {
                    double[] dx = x.sink();
                    for (int i = 0; i < dy.length; i++) {
                        int channel = i / positions % channels;
                        dx[i] += dy[i] * (weight == null ? 1 : weight.data()[channel]);
                        if (weight != null) {
                            weight.sink()[channel] += dy[i] * xs[i];
                        }
                        if (bias != null) {
                            bias.sink()[channel] += dy[i];
                        }
                    }
                });
    }
}

package io.github.djlblocks.parity.oracle;

import org.jspecify.annotations.Nullable;

/** Linear maps with adapters of low rank. */
public final class OracleAdapters {

    private OracleAdapters() {}

    /**
     * LoRA: {@code W x + b + factor (B (A x) + c)}.
     *
     * @param x (..., in)
     * @param weight W (out, in)
     * @param bias b (out), or none
     * @param down A (r, in)
     * @param up B (out, r)
     * @param upBias c (out), or none
     * @param factor alpha / r, or alpha / sqrt(r)
     * @return (..., out)
     */
    public static Var lora(
            Var x,
            Var weight,
            @Nullable Var bias,
            Var down,
            Var up,
            @Nullable Var upBias,
            double factor) {
        Var low = OracleLinear.linear(OracleLinear.linear(x, down, null), up, upBias);
        return OracleMath.add(OracleLinear.linear(x, weight, bias), OracleMath.scale(low, factor));
    }

    /**
     * DoRA without dropout: {@code b + m / ||V|| * V x} with {@code V = W + factor B A}, the
     * lengths of its rows constants to the gradient.
     *
     * @param x (..., in)
     * @param weight W (out, in)
     * @param bias b (out), or none
     * @param down A (r, in)
     * @param up B (out, r)
     * @param magnitude m (out)
     * @param factor alpha / r
     * @return (..., out)
     */
    public static Var dora(
            Var x, Var weight, @Nullable Var bias, Var down, Var up, Var magnitude, double factor) {
        int out = weight.dims()[0];
        int in = weight.dims()[1];
        int rank = down.dims()[0];
        double[] inverse = new double[out];
        for (int o = 0; o < out; o++) {
            double squares = 0;
            for (int i = 0; i < in; i++) {
                double v = weight.data()[o * in + i];
                for (int k = 0; k < rank; k++) {
                    v += factor * up.data()[o * rank + k] * down.data()[k * in + i];
                }
                squares += v * v;
            }
            inverse[o] = 1 / Math.sqrt(squares);
        }
        Var factors = OracleMath.mul(magnitude, Var.of(inverse, out));
        Var turned = lora(x, weight, null, down, up, null, factor);
        Var scaled = OracleMath.mul(turned, factors);
        return bias == null ? scaled : OracleMath.add(scaled, bias);
    }
}

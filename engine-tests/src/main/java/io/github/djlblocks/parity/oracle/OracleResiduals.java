package io.github.djlblocks.parity.oracle;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The ways in which a sublayer f is joined to the residual stream x. */
public final class OracleResiduals {

    private OracleResiduals() {}

    /**
     * Normalises before the sublayer: {@code x + f(norm(x))} (arXiv 2002.04745; GPT-2, LLaMA).
     *
     * @param x the residual stream
     * @param norm the normalisation
     * @param sublayer f
     * @return the new residual stream
     */
    public static Var preNorm(Var x, UnaryOperator<Var> norm, UnaryOperator<Var> sublayer) {
        return OracleMath.add(x, sublayer.apply(norm.apply(x)));
    }

    /**
     * Normalises what enters both ways: {@code norm(x) + f(norm(x))} (BLOOM, on demand).
     *
     * @param x the residual stream
     * @param norm the normalisation
     * @param sublayer f
     * @return the new residual stream
     */
    public static Var normedResidual(Var x, UnaryOperator<Var> norm, UnaryOperator<Var> sublayer) {
        Var normed = norm.apply(x);
        return OracleMath.add(normed, sublayer.apply(normed));
    }

    /**
     * Normalises after the addition: {@code norm(x + f(x))} (arXiv 1706.03762; BERT).
     *
     * @param x the residual stream
     * @param norm the normalisation
     * @param sublayer f
     * @return the new residual stream
     */
    public static Var postNorm(Var x, UnaryOperator<Var> norm, UnaryOperator<Var> sublayer) {
        return norm.apply(OracleMath.add(x, sublayer.apply(x)));
    }

    /**
     * Normalises before and after the sublayer: {@code x + after(f(before(x)))} (Gemma 2). With the
     * identity before, the norm is on the output alone (OLMo 2).
     *
     * @param x the residual stream
     * @param before the normalisation of the sublayer's input
     * @param after the normalisation of the sublayer's output
     * @param sublayer f
     * @return the new residual stream
     */
    public static Var sandwichNorm(
            Var x,
            UnaryOperator<Var> before,
            UnaryOperator<Var> after,
            UnaryOperator<Var> sublayer) {
        return OracleMath.add(x, after.apply(sublayer.apply(before.apply(x))));
    }

    /**
     * Adds two sublayers side by side: {@code x + attention(norm1(x)) + feedForward(norm2(x))}
     * (GPT-J, GPT-NeoX).
     *
     * @param x the residual stream
     * @param attentionNorm norm1; the same as the other where they share one (GPT-J)
     * @param attention the first sublayer
     * @param feedForwardNorm norm2
     * @param feedForward the second sublayer
     * @return the new residual stream
     */
    public static Var parallel(
            Var x,
            UnaryOperator<Var> attentionNorm,
            UnaryOperator<Var> attention,
            UnaryOperator<Var> feedForwardNorm,
            UnaryOperator<Var> feedForward) {
        Var attended = attention.apply(attentionNorm.apply(x));
        return OracleMath.add(
                OracleMath.add(x, attended), feedForward.apply(feedForwardNorm.apply(x)));
    }

    /**
     * DeepNorm (arXiv 2203.00555): {@code layerNorm(alpha x + f(x))}.
     *
     * @param x the residual stream (..., n)
     * @param sublayer f
     * @param alpha the factor on the residual stream
     * @param weight LayerNorm's (n), or none
     * @param bias LayerNorm's (n), or none
     * @param epsilon LayerNorm's
     * @return the new residual stream
     */
    public static Var deepNorm(
            Var x,
            UnaryOperator<Var> sublayer,
            double alpha,
            @Nullable Var weight,
            @Nullable Var bias,
            double epsilon) {
        Var sum = OracleMath.add(OracleMath.scale(x, alpha), sublayer.apply(x));
        return OracleNorms.layerNorm(sum, weight, bias, epsilon);
    }

    /**
     * The alpha of DeepNorm for an encoder or a decoder alone: {@code (2 layers)^(1/4)}.
     *
     * @param layers the number of layers
     * @return alpha
     * @throws IllegalArgumentException if there is no layer
     */
    public static double deepNormAlpha(int layers) {
        Shapes.require(layers >= 1, "layers (%d) must be at least 1", layers);
        return Math.pow(2.0 * layers, 0.25);
    }
}

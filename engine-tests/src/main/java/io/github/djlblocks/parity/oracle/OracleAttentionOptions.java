package io.github.djlblocks.parity.oracle;

import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of attention: scale, softcap, causality and masks. Immutable; each {@code with}
 * method returns a changed copy.
 *
 * <p>Masks have the shape (B, H, S, T) of the scores, where each axis may also be 1.
 */
public final class OracleAttentionOptions {

    /** Scale 1 / sqrt(D), no softcap, not causal, no mask. */
    public static final OracleAttentionOptions DEFAULT =
            new OracleAttentionOptions(null, 0, null, null, new int[0], null);

    private final @Nullable Double scale;
    private final double softcap;

    /** From T - S to the position of the first query among the keys. */
    private final @Nullable IntUnaryOperator causalOffset;

    private final boolean @Nullable [] keep;
    private final int[] keepShape;
    private final @Nullable Var bias;

    private OracleAttentionOptions(
            @Nullable Double scale,
            double softcap,
            @Nullable IntUnaryOperator causalOffset,
            boolean @Nullable [] keep,
            int[] keepShape,
            @Nullable Var bias) {
        this.scale = scale;
        this.softcap = softcap;
        this.causalOffset = causalOffset;
        this.keep = keep;
        this.keepShape = keepShape;
        this.bias = bias;
    }

    /**
     * Sets the factor on the scores.
     *
     * @param newScale the factor; 1 / sqrt(D) unless set
     * @return a changed copy
     */
    public OracleAttentionOptions withScale(double newScale) {
        return new OracleAttentionOptions(newScale, softcap, causalOffset, keep, keepShape, bias);
    }

    /**
     * Bounds the scaled scores softly: {@code c tanh(score / c)}.
     *
     * @param newSoftcap the bound c; 0, the default, for none
     * @return a changed copy
     * @throws IllegalArgumentException if the bound is negative
     */
    public OracleAttentionOptions withSoftcap(double newSoftcap) {
        Shapes.require(newSoftcap >= 0, "softcap (%s) must be at least 0", newSoftcap);
        return new OracleAttentionOptions(scale, newSoftcap, causalOffset, keep, keepShape, bias);
    }

    /**
     * Hides later keys, where the queries are the last S of the T positions: query i sees the keys
     * {@code j <= i + T - S}.
     *
     * @return a changed copy
     */
    public OracleAttentionOptions withCausal() {
        return new OracleAttentionOptions(
                scale, softcap, extraKeys -> extraKeys, keep, keepShape, bias);
    }

    /**
     * Hides later keys, where the first query stands at a given position: query i sees the keys
     * {@code j <= i + offset}. The ONNX operator's offset is the length of its past, so without a
     * past it is 0 even where T and S differ.
     *
     * @param offset the position of the first query among the keys; may be negative
     * @return a changed copy
     */
    public OracleAttentionOptions withCausal(int offset) {
        return new OracleAttentionOptions(
                scale, softcap, extraKeys -> offset, keep, keepShape, bias);
    }

    /**
     * Sets which keys a query may see.
     *
     * @param newKeep true where the key is kept; row-major; copied
     * @param shape its shape (B|1, H|1, S|1, T|1)
     * @return a changed copy
     * @throws IllegalArgumentException if the shape has not four axes or not as many elements
     */
    public OracleAttentionOptions withKeep(boolean[] newKeep, int... shape) {
        Shapes.require(
                shape.length == 4, "keep %s must have 4 axes: (B, H, S, T)", Shapes.text(shape));
        Shapes.require(
                newKeep.length == Shapes.size(shape),
                "keep (%d) must have one element for each of the %d of shape %s",
                newKeep.length,
                Shapes.size(shape),
                Shapes.text(shape));
        return new OracleAttentionOptions(
                scale, softcap, causalOffset, newKeep.clone(), shape.clone(), bias);
    }

    /**
     * Sets what is added to the scores after the softcap: a float mask, ALiBi, a learned bias.
     * Negative infinity hides a key.
     *
     * @param newBias (B|1, H|1, S|1, T|1); it receives a gradient
     * @return a changed copy
     * @throws IllegalArgumentException if it has not four axes
     */
    public OracleAttentionOptions withBias(Var newBias) {
        Shapes.requireRank(newBias, "bias", 4, "(B, H, S, T)");
        return new OracleAttentionOptions(scale, softcap, causalOffset, keep, keepShape, newBias);
    }

    double scale(int headDim) {
        return scale == null ? 1 / Math.sqrt(headDim) : scale;
    }

    double softcap() {
        return softcap;
    }

    @Nullable Var bias() {
        return bias;
    }

    void requireFits(int... scores) {
        if (keep != null) {
            requireBroadcasts("keep", keepShape, scores);
        }
        if (bias != null) {
            requireBroadcasts("bias", bias.dims(), scores);
        }
    }

    boolean sees(int[] scores, int index) {
        int t = index % scores[3];
        int s = index / scores[3] % scores[2];
        boolean hidden =
                causalOffset != null && t > s + causalOffset.applyAsInt(scores[3] - scores[2]);
        return !hidden && (keep == null || keep[broadcast(keepShape, scores, index)]);
    }

    /** The index into a mask of the given shape that belongs to an index into the scores. */
    static int broadcast(int[] mask, int[] scores, int index) {
        int result = 0;
        int stride = 1;
        int rest = index;
        for (int axis = scores.length - 1; axis >= 0; axis--) {
            result += mask[axis] == 1 ? 0 : rest % scores[axis] * stride;
            stride *= mask[axis];
            rest /= scores[axis];
        }
        return result;
    }

    private static void requireBroadcasts(String name, int[] mask, int[] scores) {
        for (int axis = 0; axis < scores.length; axis++) {
            Shapes.require(
                    mask[axis] == 1 || mask[axis] == scores[axis],
                    "%s %s must broadcast to the scores (B, H, S, T) = %s",
                    name,
                    Shapes.text(mask),
                    Shapes.text(scores));
        }
    }
}

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
    public static final OracleAttentionOptions DEFAULT = new OracleAttentionOptions();

    private @Nullable Double scale;
    private double softcap;

    /** From T - S to the position of the first query among the keys. */
    private @Nullable IntUnaryOperator causalOffset;

    private @Nullable Rule rule;
    private boolean @Nullable [] keep;
    private int[] keepShape = new int[0];
    private @Nullable Var bias;
    private @Nullable Var sinks;

    private OracleAttentionOptions() {}

    private OracleAttentionOptions(OracleAttentionOptions other) {
        scale = other.scale;
        softcap = other.softcap;
        causalOffset = other.causalOffset;
        rule = other.rule;
        keep = other.keep;
        keepShape = other.keepShape;
        bias = other.bias;
        sinks = other.sinks;
    }

    /** Which key a query sees: a window, lengths, segments, spelled out. */
    @FunctionalInterface
    public interface Rule {

        /**
         * Tells whether a query sees a key.
         *
         * @param row of the batch
         * @param query its index, 0 to S - 1
         * @param key its index, 0 to T - 1
         * @return whether it does
         */
        boolean sees(int row, int query, int key);
    }

    /**
     * Sets the factor on the scores.
     *
     * @param newScale the factor; 1 / sqrt(D) unless set
     * @return a changed copy
     */
    public OracleAttentionOptions withScale(double newScale) {
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        copy.scale = newScale;
        return copy;
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
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        copy.softcap = newSoftcap;
        return copy;
    }

    /**
     * Hides later keys, where the queries are the last S of the T positions: query i sees the keys
     * {@code j <= i + T - S}.
     *
     * @return a changed copy
     */
    public OracleAttentionOptions withCausal() {
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        copy.causalOffset = extraKeys -> extraKeys;
        return copy;
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
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        copy.causalOffset = extraKeys -> offset;
        return copy;
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
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        copy.keep = newKeep.clone();
        copy.keepShape = shape.clone();
        return copy;
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
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        copy.bias = newBias;
        return copy;
    }

    /**
     * Hides the keys a rule does not show, besides those that are hidden already.
     *
     * @param newRule the rule
     * @return a changed copy
     */
    public OracleAttentionOptions withRule(Rule newRule) {
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        Rule old = rule;
        copy.rule =
                old == null
                        ? newRule
                        : (row, query, key) ->
                                old.sees(row, query, key) && newRule.sees(row, query, key);
        return copy;
    }

    /**
     * Adds one score a head to the softmax, which weighs no value.
     *
     * @param newSinks (H); it receives a gradient
     * @return a changed copy
     * @throws IllegalArgumentException if it has not one axis
     */
    public OracleAttentionOptions withSinks(Var newSinks) {
        Shapes.requireRank(newSinks, "sinks", 1, "(H)");
        OracleAttentionOptions copy = new OracleAttentionOptions(this);
        copy.sinks = newSinks;
        return copy;
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

    @Nullable Var sinks() {
        return sinks;
    }

    void requireFits(int... scores) {
        if (sinks != null) {
            Shapes.require(
                    sinks.dims()[0] == scores[1],
                    "sinks (%d) must be one for each of the %d heads",
                    sinks.dims()[0],
                    scores[1]);
        }
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
        int row = index / scores[3] / scores[2] / scores[1];
        boolean shown = rule == null || rule.sees(row, s, t);
        return !hidden && shown && (keep == null || keep[broadcast(keepShape, scores, index)]);
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

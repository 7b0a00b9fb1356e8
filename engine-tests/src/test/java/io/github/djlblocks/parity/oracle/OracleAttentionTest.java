package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class OracleAttentionTest {

    private static final OracleAttentionOptions PLAIN = OracleAttentionOptions.DEFAULT;
    private static final Offset<Double> ROUNDING = within(1e-14);
    private static final double LN3 = Math.log(3);

    private static Var heads(double[] values, int... shape) {
        return Var.of(values, shape);
    }

    private static Var one(double... values) {
        return heads(values, 1, 1, values.length, 1);
    }

    /** Scores 0 and ln 3, so weights 1/4 and 3/4 of the values 4 and 8. */
    @Test
    void attention_twoKeys_weighsByExponentials() {
        Var y = OracleAttention.attention(one(1), one(0, LN3), one(4, 8), PLAIN);
        assertThat(y.values()).containsExactly(new double[] {7}, ROUNDING);
        assertThat(y.shape()).containsExactly(1, 1, 1, 1);
    }

    /** Four channels: 2 ln 3 / sqrt(4) = ln 3 by default, 2 ln 3 / 2 also by a scale of 1/2. */
    @Test
    void probabilities_scale_defaultsToTheRootOfTheChannels() {
        Var query = heads(new double[] {1, 1, 1, 1}, 1, 1, 1, 4);
        Var key = heads(new double[] {0, 0, 0, 0, 0, LN3, LN3, 0}, 1, 1, 2, 4);
        assertThat(OracleAttention.probabilities(query, key, PLAIN).values())
                .containsExactly(new double[] {0.25, 0.75}, ROUNDING);
        // A scale of 1 squares the odds.
        assertThat(OracleAttention.probabilities(query, key, PLAIN.withScale(1)).values())
                .containsExactly(new double[] {0.1, 0.9}, ROUNDING);
    }

    /** c tanh(ln 2) = 0.6 c = ln 3 for c = ln 3 / 0.6 and a score of c ln 2. */
    @Test
    void probabilities_softcap_bendsTheScores() {
        double cap = LN3 / 0.6;
        Var key = one(0, cap * Math.log(2));
        assertThat(OracleAttention.probabilities(one(1), key, PLAIN.withSoftcap(cap)).values())
                .containsExactly(new double[] {0.25, 0.75}, ROUNDING);
    }

    /** A cap of 0.1 cannot hold back a bias of ln 3: the bias comes after it. */
    @Test
    void probabilities_bias_isAddedAfterTheSoftcap() {
        OracleAttentionOptions options =
                PLAIN.withSoftcap(0.1).withBias(heads(new double[] {0, LN3}, 1, 1, 1, 2));
        assertThat(OracleAttention.probabilities(one(1), one(0, 0), options).values())
                .containsExactly(new double[] {0.25, 0.75}, ROUNDING);
    }

    /** Equal scores: the weights are one over the number of keys seen. */
    @Test
    void probabilities_causal_countsFromTheLastKey() {
        assertThat(
                        OracleAttention.probabilities(one(1, 1), one(0, 0, 0), PLAIN.withCausal())
                                .values())
                .containsExactly(new double[] {0.5, 0.5, 0, 1 / 3.0, 1 / 3.0, 1 / 3.0}, ROUNDING);
        assertThat(
                        OracleAttention.probabilities(one(1, 1, 1), one(0, 0), PLAIN.withCausal())
                                .values())
                .containsExactly(0, 0, 1, 0, 0.5, 0.5);
    }

    @Test
    void probabilities_causalOffset_countsFromIt() {
        assertThat(
                        OracleAttention.probabilities(one(1, 1), one(0, 0, 0), PLAIN.withCausal(0))
                                .values())
                .containsExactly(1, 0, 0, 0.5, 0.5, 0);
        assertThat(
                        OracleAttention.probabilities(one(1, 1), one(0, 0), PLAIN.withCausal(-1))
                                .values())
                .containsExactly(0, 0, 1, 0);
    }

    /** One key: each query head returns the value of its key/value head, 0 0 0 1 1 1. */
    @Test
    void attention_groupedQueries_readTheirHead() {
        Var y =
                OracleAttention.attention(
                        Inputs.random(1, 1, 6, 1, 2),
                        Inputs.random(2, 1, 2, 1, 2),
                        heads(new double[] {10, 20}, 1, 2, 1, 1),
                        PLAIN);
        assertThat(y.values()).containsExactly(new double[] {10, 10, 10, 20, 20, 20}, ROUNDING);
    }

    /** Each broadcast axis in turn, against the mask written out in full. */
    @Test
    void probabilities_masksThatBroadcast_equalTheFullOnes() {
        int[] full = {2, 2, 3, 5};
        Var query = Inputs.random(1, 2, 2, 3, 4);
        Var key = Inputs.random(2, 2, 1, 5, 4);
        for (int axis = 0; axis < 4; axis++) {
            int[] shape = full.clone();
            shape[axis] = 1;
            double[] small = Inputs.random(3, shape).values();
            double[] large = new double[60];
            boolean[] smallKeep = new boolean[small.length];
            boolean[] largeKeep = new boolean[60];
            for (int i = 0; i < 60; i++) {
                int[] at = {i / 30, i / 15 % 2, i / 5 % 3, i % 5};
                at[axis] = 0;
                int from = ((at[0] * shape[1] + at[1]) * shape[2] + at[2]) * shape[3] + at[3];
                large[i] = small[from];
                largeKeep[i] = small[from] > -0.5;
                smallKeep[from] = small[from] > -0.5;
            }
            OracleAttentionOptions broadcast =
                    PLAIN.withBias(Var.of(small, shape)).withKeep(smallKeep, shape);
            OracleAttentionOptions written =
                    PLAIN.withBias(Var.of(large, full)).withKeep(largeKeep, full);
            assertThat(OracleAttention.probabilities(query, key, broadcast).values())
                    .containsExactly(OracleAttention.probabilities(query, key, written).values());
        }
    }

    /** Query 0 sees nothing, by a boolean mask and by negative infinity. */
    @Test
    void attention_fullyMaskedRow_isZeroWithAZeroGradient() {
        double hidden = Double.NEGATIVE_INFINITY;
        OracleAttentionOptions byKeep =
                PLAIN.withKeep(new boolean[] {false, false, true, true}, 1, 1, 2, 2);
        OracleAttentionOptions byBias =
                PLAIN.withBias(heads(new double[] {hidden, hidden, 0, 0}, 1, 1, 2, 2));
        for (OracleAttentionOptions options : new OracleAttentionOptions[] {byKeep, byBias}) {
            Var query = one(1, 1);
            Var key = one(0, LN3);
            Var value = one(4, 8);
            Var y = OracleAttention.attention(query, key, value, options);
            y.backward(1, 1);
            assertThat(y.values()).containsExactly(new double[] {0, 7}, ROUNDING);
            // dz = p (dp - 7) = (-3/4, 3/4) of query 1 alone.
            assertThat(query.gradient()).containsExactly(new double[] {0, 0.75 * LN3}, ROUNDING);
            assertThat(key.gradient()).containsExactly(new double[] {-0.75, 0.75}, ROUNDING);
            assertThat(value.gradient()).containsExactly(new double[] {0.25, 0.75}, ROUNDING);
        }
    }

    @Test
    void attention_hugeScores_pickTheLargest() {
        OracleAttentionOptions[] each = {PLAIN, PLAIN.withSoftcap(1e3)};
        for (OracleAttentionOptions options : each) {
            Var query = one(1e4);
            Var key = one(-1e4, 1e4);
            Var y = OracleAttention.attention(query, key, one(4, 8), options);
            y.backward(1);
            assertThat(y.values()).containsExactly(8);
            assertThat(query.gradient()).containsExactly(new double[] {0}, within(0.0));
            assertThat(key.gradient()).containsExactly(new double[] {0, 0}, within(0.0));
        }
    }

    @Test
    void attention_everyOption_gradientAgreesWithDifferences() {
        boolean[] keep = new boolean[2 * 5];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = i % 4 != 1;
        }
        OracleAttentionOptions[] each = {
            PLAIN,
            PLAIN.withScale(0.3),
            PLAIN.withSoftcap(1.5),
            PLAIN.withCausal(),
            PLAIN.withCausal(-1),
            PLAIN.withKeep(keep, 2, 1, 1, 5),
            PLAIN.withScale(0.7).withSoftcap(2).withCausal().withKeep(keep, 2, 1, 1, 5)
        };
        int[][] biases = {{2, 4, 3, 5}, {1, 4, 1, 5}, {2, 1, 3, 1}, {1, 1, 1, 1}};
        Var query = Inputs.random(1, 2, 4, 3, 3);
        Var key = Inputs.random(2, 2, 2, 5, 3);
        Var value = Inputs.random(3, 2, 2, 5, 2);
        for (int i = 0; i < each.length; i++) {
            OracleAttentionOptions options = each[i];
            Inputs.assertGradients(
                    in ->
                            OracleAttention.attention(
                                    in.get(0), in.get(1), in.get(2), options.withBias(in.get(3))),
                    query,
                    key,
                    value,
                    Inputs.random(4, biases[i % biases.length]));
        }
        Inputs.assertGradients(
                in -> OracleAttention.probabilities(in.get(0), in.get(1), PLAIN), query, key);
    }

    @Test
    void attention_sizesDoNotFit_namesBoth() {
        Var query = Inputs.random(1, 2, 3, 4, 5);
        assertThatThrownBy(
                        () ->
                                OracleAttention.probabilities(
                                        query, Inputs.random(2, 2, 2, 4, 5), PLAIN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("queryHeads (3) must be a multiple of keyValueHeads (2)");
        assertThatThrownBy(
                        () ->
                                OracleAttention.probabilities(
                                        query, Inputs.random(2, 2, 3, 4, 6), PLAIN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "key (2, 3, 4, 6) must have the batch and channels of query (2, 3, 4, 5)");
        assertThatThrownBy(
                        () ->
                                OracleAttention.attention(
                                        query,
                                        Inputs.random(2, 2, 3, 4, 5),
                                        Inputs.random(3, 2, 3, 7, 5),
                                        PLAIN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "value (2, 3, 7, 5) must have the batch and keys of the probabilities"
                                + " (2, 3, 4, 4)");
    }

    @Test
    void options_masksDoNotFit_namesBoth() {
        Var x = Inputs.random(1, 2, 3, 4, 5);
        assertThatThrownBy(
                        () ->
                                OracleAttention.probabilities(
                                        x, x, PLAIN.withBias(Inputs.random(2, 1, 1, 4, 3))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "bias (1, 1, 4, 3) must broadcast to the scores (B, H, S, T) ="
                                + " (2, 3, 4, 4)");
        assertThatThrownBy(
                        () ->
                                OracleAttention.probabilities(
                                        x,
                                        x,
                                        PLAIN.withKeep(new boolean[3], 1, 3, 1, 1)
                                                .withKeep(new boolean[5], 1, 1, 1, 5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "keep (1, 1, 1, 5) must broadcast to the scores (B, H, S, T) ="
                                + " (2, 3, 4, 4)");
        assertThatThrownBy(() -> PLAIN.withKeep(new boolean[3], 1, 1, 1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "keep (3) must have one element for each of the 2 of shape (1, 1, 1, 2)");
        assertThatThrownBy(() -> PLAIN.withKeep(new boolean[2], 1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("keep (1, 2) must have 4 axes: (B, H, S, T)");
        assertThatThrownBy(() -> PLAIN.withSoftcap(-2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("softcap (-2.0) must be at least 0");
    }
}

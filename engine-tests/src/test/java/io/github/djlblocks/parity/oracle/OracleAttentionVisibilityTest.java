package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Rules of what a query sees, and sinks. */
class OracleAttentionVisibilityTest {

    private static final OracleAttentionOptions PLAIN = OracleAttentionOptions.DEFAULT;

    /** Equal scores: the weights are one over the number of keys seen. */
    @Test
    void probabilities_rule_isAskedByRowQueryAndKey() {
        Var query = Var.of(new double[4], 2, 1, 2, 1);
        Var key = Var.of(new double[6], 2, 1, 3, 1);
        OracleAttentionOptions options =
                PLAIN.withRule((row, q, k) -> row == 0 ? k != q : k == 2 * q);
        assertThat(OracleAttention.probabilities(query, key, options).values())
                .containsExactly(0, 0.5, 0.5, 0.5, 0, 0.5, 1, 0, 0, 0, 0, 1);
    }

    @Test
    void probabilities_twoRulesAndCausality_allMustShow() {
        Var x = Var.of(new double[4], 1, 1, 4, 1);
        OracleAttentionOptions options =
                PLAIN.withCausal().withRule((b, q, k) -> k > 0).withRule((b, q, k) -> k + 1 >= q);
        assertThat(OracleAttention.probabilities(x, x, options).values())
                .containsExactly(0, 0, 0, 0, 0, 1, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0.5, 0.5);
    }

    /**
     * A sink is a key of value 0 with a score of its own: a fourth channel, 1 in every query and 0
     * in every key but the sink's, gives it.
     */
    @Test
    void attention_sinks_areKeysWithoutValue() {
        int h = 2;
        int s = 3;
        int t = 4;
        Var query = Inputs.random(1, 1, h, s, 3);
        Var key = Inputs.random(2, 1, h, t, 3);
        Var value = Inputs.random(3, 1, h, t, 2);
        Var sinks = Inputs.vector(0.7, -1.3);
        double scale = 0.4;
        double[] q = new double[h * s * 4];
        for (int row = 0; row < h * s; row++) {
            System.arraycopy(query.values(), row * 3, q, row * 4, 3);
            q[row * 4 + 3] = 1;
        }
        double[] k = new double[h * (t + 1) * 4];
        double[] v = new double[h * (t + 1) * 2];
        for (int head = 0; head < h; head++) {
            for (int j = 0; j < t; j++) {
                int to = head * (t + 1) + j;
                System.arraycopy(key.values(), (head * t + j) * 3, k, to * 4, 3);
                System.arraycopy(value.values(), (head * t + j) * 2, v, to * 2, 2);
            }
            k[(head * (t + 1) + t) * 4 + 3] = sinks.values()[head] / scale;
        }
        OracleAttentionOptions options = PLAIN.withScale(scale);
        double[] expected =
                OracleAttention.attention(
                                Var.of(q, 1, h, s, 4),
                                Var.of(k, 1, h, t + 1, 4),
                                Var.of(v, 1, h, t + 1, 2),
                                options)
                        .values();

        assertThat(OracleAttention.attention(query, key, value, options.withSinks(sinks)).values())
                .containsExactly(expected, within(1e-14));
    }

    @Test
    void attention_sinksAndNoKeySeen_givesZero() {
        Var x = Inputs.random(4, 1, 2, 2, 3);
        OracleAttentionOptions options =
                PLAIN.withSinks(Inputs.vector(5, -40)).withRule((row, q, k) -> false);
        assertThat(OracleAttention.attention(x, x, x, options).values()).containsOnly(0);
    }

    @Test
    void attention_sinks_gradientsAreRight() {
        Inputs.assertGradients(
                in ->
                        OracleAttention.attention(
                                in.get(0),
                                in.get(1),
                                in.get(2),
                                PLAIN.withSinks(in.get(3)).withCausal()),
                Inputs.random(5, 2, 4, 3, 2),
                Inputs.random(6, 2, 2, 4, 2),
                Inputs.random(7, 2, 2, 4, 3),
                Inputs.random(8, 4));
    }

    @Test
    void sinks_ofAnotherNumberOfHeads_namesBoth() {
        Var x = Inputs.random(9, 1, 2, 2, 3);
        OracleAttentionOptions options = PLAIN.withSinks(Inputs.vector(1, 2, 3));
        assertThatThrownBy(() -> OracleAttention.attention(x, x, x, options))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sinks (3) must be one for each of the 2 heads");
    }
}

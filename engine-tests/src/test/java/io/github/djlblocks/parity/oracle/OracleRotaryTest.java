package io.github.djlblocks.parity.oracle;

import static io.github.djlblocks.parity.oracle.OracleRotary.Layout.HALF_SPLIT;
import static io.github.djlblocks.parity.oracle.OracleRotary.Layout.INTERLEAVED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OracleRotaryTest {

    private static final Offset<Double> ROUNDING = within(1e-14);

    /** At position 1 a quarter turn and a half turn: (u, v) to (-v, u) and to (-u, -v). */
    private static final double[] QUARTER_AND_HALF = {Math.PI / 2, Math.PI};

    private static final Var X = Var.of(new double[] {1, 2, 3, 4, 5, 6}, 1, 1, 1, 6);

    /** Pairs (1, 3) by a quarter and (2, 4) by a half; 5 and 6 pass. */
    @Test
    void rotary_halfSplit_pairsAcrossTheHalves() {
        Var y = OracleRotary.rotary(X, new double[][] {{1}}, QUARTER_AND_HALF, HALF_SPLIT, 1);
        assertThat(y.values()).containsExactly(new double[] {-3, -2, 1, -4, 5, 6}, ROUNDING);
    }

    /** Pairs (1, 2) by a quarter and (3, 4) by a half; 5 and 6 pass. */
    @Test
    void rotary_interleaved_pairsNeighbours() {
        Var y = OracleRotary.rotary(X, new double[][] {{1}}, QUARTER_AND_HALF, INTERLEAVED, 1);
        assertThat(y.values()).containsExactly(new double[] {-2, 1, -3, -4, 5, 6}, ROUNDING);
    }

    /** At position 2 a half turn and a whole one; the factor leaves 5 and 6 alone. */
    @Test
    void rotary_attentionScaling_scalesTheTurnedChannels() {
        Var y = OracleRotary.rotary(X, new double[][] {{2}}, QUARTER_AND_HALF, INTERLEAVED, 10);
        assertThat(y.values()).containsExactly(new double[] {-10, -20, 30, 40, 5, 6}, ROUNDING);
    }

    /** Two batches, two heads, two tokens of the pair (1, 0): quarter turns by position. */
    @Test
    void rotary_positionsPerBatch_reachEveryHead() {
        double[] ones = new double[16];
        for (int i = 0; i < ones.length; i += 2) {
            ones[i] = 1;
        }
        Var x = Var.of(ones, 2, 2, 2, 2);
        double[] quarter = {Math.PI / 2};
        double[][] positions = {{0, 1}, {2, 3}};
        assertThat(OracleRotary.rotary(x, positions, quarter, HALF_SPLIT, 1).values())
                .containsExactly(
                        new double[] {1, 0, 0, 1, 1, 0, 0, 1, -1, 0, 0, -1, -1, 0, 0, -1},
                        ROUNDING);
        assertThat(OracleRotary.rotary(x, new double[][] {{2, 1}}, quarter, HALF_SPLIT, 1).values())
                .containsExactly(
                        new double[] {-1, 0, 0, 1, -1, 0, 0, 1, -1, 0, 0, 1, -1, 0, 0, 1},
                        ROUNDING);
    }

    @ParameterizedTest
    @EnumSource
    void rotary_random_gradientAgreesWithDifferences(OracleRotary.Layout layout) {
        double[] frequencies = OracleRotaryFrequencies.standard(100, 4);
        double[][] positions = {{0, 7, 2}, {11, 3.5, 5}};
        Inputs.assertGradients(
                in -> OracleRotary.rotary(in.get(0), positions, frequencies, layout, 1.25),
                Inputs.random(1, 2, 2, 3, 5));
    }

    /** A quarter turn for pair 0, the other way and doubled for pair 1. */
    @Test
    void turned_anglesAndFactors_areThoseOfEachPair() {
        Var y =
                OracleRotary.turned(
                        X,
                        2,
                        (row, token, pair) -> pair == 0 ? Math.PI / 2 : -Math.PI / 2,
                        (row, token, pair) -> pair + 1,
                        INTERLEAVED);
        assertThat(y.values()).containsExactly(new double[] {-2, 1, 8, -6, 5, 6}, ROUNDING);
    }

    /** Each row and token is asked for its own angle and factor. */
    @Test
    void turned_random_gradientAgreesWithDifferences() {
        Inputs.assertGradients(
                in ->
                        OracleRotary.turned(
                                in.get(0),
                                2,
                                (row, token, pair) -> row + 10 * token + 0.3 * pair,
                                (row, token, pair) -> 1 + 0.2 * row + 0.1 * token + 0.05 * pair,
                                HALF_SPLIT),
                Inputs.random(2, 2, 2, 3, 5));
        Var y =
                OracleRotary.turned(
                        Var.of(new double[] {1, 0, 1, 0, 1, 0, 1, 0}, 2, 1, 2, 2),
                        1,
                        (row, token, pair) -> 0,
                        (row, token, pair) -> 10 * row + token,
                        HALF_SPLIT);
        assertThat(y.values()).containsExactly(0, 0, 1, 0, 10, 0, 11, 0);
    }

    @Test
    void rotary_tooFewChannels_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleRotary.rotary(
                                        X, new double[][] {{1}}, new double[4], HALF_SPLIT, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "inverseFrequencies (4) turn 8 channels, but x (1, 1, 1, 6) has only 6");
    }

    @Test
    void rotary_positionsOfAnotherSize_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleRotary.rotary(
                                        X, new double[][] {{1, 2}}, new double[1], HALF_SPLIT, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("positions (2) must have one element for each of the 1 tokens");
        assertThatThrownBy(
                        () ->
                                OracleRotary.rotary(
                                        X, new double[3][1], new double[1], HALF_SPLIT, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "positions (3 rows) must have one row, or one for each of the 1 of the"
                                + " batch");
    }
}

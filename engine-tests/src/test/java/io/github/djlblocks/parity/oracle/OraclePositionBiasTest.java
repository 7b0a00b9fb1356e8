package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class OraclePositionBiasTest {

    /** Four heads: 2^-2, 2^-4, 2^-6, 2^-8; six have two of the eight of 2^-1, 2^-2 ... besides. */
    @Test
    void slopes_powersOfTwoAndOthers_areThoseOfThePaper() {
        assertThat(OraclePositionBias.slopes(1)).containsExactly(0.00390625);
        assertThat(OraclePositionBias.slopes(4))
                .containsExactly(0.25, 0.0625, 0.015625, 0.00390625);
        assertThat(OraclePositionBias.slopes(6))
                .containsExactly(0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125);
    }

    @Test
    void alibi_twoRowsAndHeads_areSlopesTimesDistances() {
        Var bias =
                OraclePositionBias.alibi(
                        new double[][] {{1}, {5}},
                        new double[][] {{0, 3}, {7, 4}},
                        new double[] {0.5, 10},
                        (query, key) -> key - query);
        assertThat(bias.shape()).containsExactly(2, 2, 1, 2);
        assertThat(bias.values()).containsExactly(-0.5, 1, -10, 20, 1, -0.5, 20, -10);
    }

    /**
     * Eight buckets of one side: 0 to 3 are single, the others begin at 4 (20 / 4)^(j / 4): 4,
     * 5.98, 8.94, 13.4.
     */
    @Test
    void bucket_oneSide_growsWithTheLogarithm() {
        int[] last = {0, 1, 2, 3, 5, 8, 13};
        int bucket = 0;
        for (int distance = 0; distance < 40; distance++) {
            if (bucket < last.length && distance > last[bucket]) {
                bucket++;
            }
            assertThat(OraclePositionBias.bucket(-distance, 8, 20, false))
                    .as("distance %d", distance)
                    .isEqualTo(bucket);
        }
        assertThat(OraclePositionBias.bucket(9, 8, 20, false)).isZero();
    }

    /** Sixteen buckets of both sides: later keys have those from 8 on. */
    @Test
    void bucket_bothSides_tellsThemApart() {
        for (int distance = 1; distance < 40; distance++) {
            int before = OraclePositionBias.bucket(-distance, 16, 20, true);
            assertThat(before).isEqualTo(OraclePositionBias.bucket(-distance, 8, 20, false));
            assertThat(OraclePositionBias.bucket(distance, 16, 20, true)).isEqualTo(before + 8);
        }
        assertThat(OraclePositionBias.bucket(0, 16, 20, true)).isZero();
        // 16 is 8 times 2, and 128 is 8 times 2^4: exactly two of the eight ranges.
        assertThat(OraclePositionBias.bucket(-16, 32, 128, true)).isEqualTo(10);
        assertThat(OraclePositionBias.bucket(-15, 32, 128, true)).isEqualTo(9);
        assertThat(OraclePositionBias.bucket(-128, 32, 128, true)).isEqualTo(15);
    }

    @Test
    void t5_table_isLookedUpAndItsGradientSummed() {
        Var table = Var.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 2);
        // Distances 0 and 1 are single, from 2 on there are two ranges; one side: later is 0.
        Var bias =
                OraclePositionBias.t5(
                        new double[][] {{2}}, new double[][] {{0, 1, 2, 9}}, table, 100, false);
        assertThat(bias.shape()).containsExactly(1, 2, 1, 4);
        assertThat(bias.values()).containsExactly(5, 3, 1, 1, 6, 4, 2, 2);
        Inputs.assertGradients(
                in ->
                        OraclePositionBias.t5(
                                new double[][] {{2, 3}, {0, 8}},
                                new double[][] {{0, 1, 2, 9}, {3, 3, 7, 1}},
                                in.get(0),
                                6,
                                true),
                Inputs.random(5, 8, 3));
    }

    @Test
    void slopes_anyNumber_fall_withinThePowers() {
        double[] slopes = OraclePositionBias.slopes(16);
        for (int i = 0; i < 16; i++) {
            assertThat(slopes[i]).isCloseTo(Math.pow(2, -(i + 1) / 2.0), within(1e-15));
        }
    }
}

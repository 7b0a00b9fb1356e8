package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.parity.oracle.OracleRotaryScalings.Yarn;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class OracleRotaryScalingsTest {

    private static final Offset<Double> ROUNDING = within(1e-15);

    /** theta^(-i / 4) of 10000: 1, 1/10, 1/100, 1/1000. */
    private static final double[] DECADES = {1, 0.1, 0.01, 0.001};

    @Test
    void linear_factor4_quarters() {
        assertThat(OracleRotaryScalings.linear(DECADES, 4))
                .containsExactly(new double[] {0.25, 0.025, 0.0025, 0.00025}, ROUNDING);
    }

    /** The base is 10000 s^(8 / 6); pair i turns by base^(-i / 4). */
    @Test
    void dynamic_beyond_isThatOfALargerBase() {
        // 2 * 48 / 16 - 1 = 5
        double base = 10000 * Math.pow(5, 8.0 / 6);
        double[] expected = new double[4];
        for (int i = 0; i < 4; i++) {
            expected[i] = 1 / Math.pow(base, i / 4.0);
        }
        assertThat(OracleRotaryScalings.dynamic(DECADES, 2, 16, 48))
                .containsExactly(expected, ROUNDING);
        assertThat(OracleRotaryScalings.dynamic(DECADES, 2, 16, 16)).containsExactly(DECADES);
        assertThat(OracleRotaryScalings.dynamic(DECADES, 2, 16, 3)).containsExactly(DECADES);
    }

    /**
     * Over 2 pi 100 positions the pairs turn 100, 10, 1 and 0.1 times. The ramp from 10 to 1 turns
     * goes from pair 1 to pair 2; that from 10^1.5 to 10^-0.5 from pair 0.5 to 2.5, so that pairs 1
     * and 2 are a quarter and three quarters along.
     */
    @Test
    void yarn_decades_areBlendedAlongTheRamp() {
        double context = 200 * Math.PI;
        assertThat(OracleRotaryScalings.yarn(DECADES, 10000, new Yarn(2, context, 10, 1, false)))
                .containsExactly(new double[] {1, 0.1, 0.005, 0.0005}, ROUNDING);
        Yarn wider = new Yarn(2, context, Math.pow(10, 1.5), Math.pow(10, -0.5), false);
        assertThat(OracleRotaryScalings.yarn(DECADES, 10000, wider))
                .containsExactly(new double[] {1, 0.0875, 0.00625, 0.0005}, ROUNDING);
        // Rounded outwards it goes from 0 to 3: thirds.
        Yarn whole = new Yarn(2, context, wider.fast(), wider.slow(), true);
        assertThat(OracleRotaryScalings.yarn(DECADES, 10000, whole))
                .containsExactly(new double[] {1, 0.1 * 5 / 6, 0.01 * 4 / 6, 0.0005}, ROUNDING);
    }

    /** A context so short that the ramp ends where it starts, at pair 0: the others are divided. */
    @Test
    void yarn_noWidth_isAStep() {
        assertThat(OracleRotaryScalings.yarn(DECADES, 10000, new Yarn(2, 6, 32, 1, true)))
                .containsExactly(new double[] {1, 0.05, 0.005, 0.0005}, ROUNDING);
    }

    /** torchscale's (2 i + 0.4 d) / (1.4 d) of d = 8 channels. */
    @Test
    void xPos_fourPairs_areThoseOfTorchscale() {
        for (int i = 0; i < 4; i++) {
            assertThat(OracleRotaryScalings.xPos(i, 4, 0.4))
                    .isCloseTo((2 * i + 3.2) / 11.2, ROUNDING);
        }
    }
}

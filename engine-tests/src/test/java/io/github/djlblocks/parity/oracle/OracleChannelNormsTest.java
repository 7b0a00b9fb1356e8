package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class OracleChannelNormsTest {

    /**
     * Channels (1, 3) and (10, 30): means 2 and 20, deviations -1, 1 and -10, 10 over themselves.
     */
    @Test
    void groupNorm_pairsOfChannels_normalisesEachPair() {
        Var x = Var.of(new double[] {1, 3, 10, 30}, 1, 4, 1);
        Var y =
                OracleChannelNorms.groupNorm(
                        x, Inputs.vector(1, 2, 3, 4), Inputs.vector(10, 20, 30, 40), 2, 0);
        assertThat(y.values()).containsExactly(new double[] {9, 22, 27, 44}, within(1e-14));
        assertThat(y.shape()).containsExactly(1, 4, 1);
    }

    /** Two samples, two channels of two positions, as many groups as channels. */
    @Test
    void groupNorm_aGroupAChannel_isInstanceNorm() {
        Var x = Var.of(new double[] {1, 3, 10, 30, 5, 1, 0, 4}, 2, 2, 2);
        Var y = OracleChannelNorms.groupNorm(x, Inputs.vector(1, 5), null, 2, 0);
        assertThat(y.values())
                .containsExactly(new double[] {-1, 1, -5, 5, 1, -1, -5, 5}, within(1e-14));
    }

    @Test
    void affine_positions_takeTheNumbersOfTheirChannel() {
        Var x = Var.of(new double[] {1, 2, 3, 4}, 1, 2, 1, 2);
        assertThat(
                        OracleChannelNorms.affine(x, Inputs.vector(10, 100), Inputs.vector(5, 7))
                                .values())
                .containsExactly(15, 25, 307, 407);
        assertThat(OracleChannelNorms.affine(x, null, null).values()).containsExactly(1, 2, 3, 4);
    }

    @Test
    void groupNorm_random_gradientAgreesWithDifferences() {
        for (int groups : new int[] {1, 2, 4}) {
            Inputs.assertGradients(
                    in ->
                            OracleChannelNorms.groupNorm(
                                    in.get(0), in.get(1), in.get(2), groups, 0.1),
                    Inputs.random(1, 2, 4, 3),
                    Inputs.random(2, 4),
                    Inputs.random(3, 4));
        }
    }

    @Test
    void affine_weightOfAnotherSize_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleChannelNorms.affine(
                                        Inputs.random(1, 2, 3, 4), Inputs.vector(1, 2), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("weight (2) must have the shape (3)");
        assertThatThrownBy(() -> OracleChannelNorms.affine(Inputs.vector(1), null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("x (1) must have an axis 1");
    }
}

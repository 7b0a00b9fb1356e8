package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class OracleLearnedActivationTest {

    @Test
    void prelu_perChannel_takesEachChannelsSlope() {
        Var x = Var.of(new double[] {-1, -2, 3, -4, -5, -6}, 1, 2, 3);

        assertThat(OracleLearnedActivation.prelu(x, Inputs.vector(10, 100), 1).values())
                .containsExactly(-10, -20, 3, -400, -500, -600);
        assertThat(OracleLearnedActivation.prelu(x, Inputs.vector(1, 10, 100), 2).values())
                .containsExactly(-1, -20, 3, -4, -50, -600);
        assertThat(OracleLearnedActivation.prelu(x, Inputs.vector(10), 0).values())
                .containsExactly(-10, -20, 3, -40, -50, -60);
    }

    /** exp(-ln 3) = 1/3: the sigmoid of ln 3 is 3/4, of -ln 3 it is 1/4. */
    @Test
    void swish_betaThatGivesLn3_isThreeQuarters() {
        double ln3 = Math.log(3);
        Var x = Inputs.row(2, 4);

        assertThat(OracleLearnedActivation.swish(x, Inputs.vector(ln3 / 2, -ln3 / 4)).values())
                .containsExactly(new double[] {1.5, 1}, within(1e-15));
        assertThat(OracleLearnedActivation.swish(x, Inputs.vector(0)).values())
                .containsExactly(1, 2);
    }

    @Test
    void both_random_gradientsAgreeWithDifferences() {
        Var x = Inputs.random(5, 2, 3, 4);
        Inputs.assertGradients(
                in -> OracleLearnedActivation.prelu(in.get(0), in.get(1), 1),
                x,
                Inputs.random(6, 3));
        Inputs.assertGradients(
                in -> OracleLearnedActivation.prelu(in.get(0), in.get(1), 0),
                x,
                Inputs.random(7, 1));
        Inputs.assertGradients(
                in -> OracleLearnedActivation.swish(in.get(0), in.get(1)), x, Inputs.random(8, 4));
    }

    @Test
    void prelu_slopesOfAnotherNumber_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleLearnedActivation.prelu(
                                        Inputs.random(1, 2, 3), Inputs.random(2, 2), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "slope (2) must have one number or one for each channel of axis 1 of (2,"
                                + " 3)");
    }
}

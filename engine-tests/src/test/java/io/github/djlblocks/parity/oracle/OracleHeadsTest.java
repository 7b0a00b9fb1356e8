package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OracleHeadsTest {

    /** Token 0 has the heads (0, 1) and (2, 3), token 1 the heads (4, 5) and (6, 7). */
    @Test
    void splitHeads_twoTokens_bringsHeadsForward() {
        Var y = OracleHeads.splitHeads(Var.of(new double[] {0, 1, 2, 3, 4, 5, 6, 7}, 1, 2, 4), 2);
        assertThat(y.values()).containsExactly(0, 1, 4, 5, 2, 3, 6, 7);
        assertThat(y.shape()).containsExactly(1, 2, 2, 2);
    }

    @Test
    void mergeHeads_afterSplit_restores() {
        Var x = Inputs.random(1, 2, 3, 35);
        Var y = OracleHeads.mergeHeads(OracleHeads.splitHeads(x, 5));
        assertThat(y.values()).containsExactly(x.values());
        assertThat(y.shape()).containsExactly(2, 3, 35);
    }

    @Test
    void splitAndMerge_random_gradientAgreesWithDifferences() {
        Inputs.assertGradients(
                in -> OracleHeads.splitHeads(in.get(0), 3), Inputs.random(1, 2, 5, 6));
        Inputs.assertGradients(
                in -> OracleHeads.mergeHeads(in.get(0)), Inputs.random(1, 2, 3, 5, 2));
    }

    @Test
    void splitHeads_doNotDivide_namesBoth() {
        assertThatThrownBy(() -> OracleHeads.splitHeads(Inputs.random(1, 1, 2, 4), 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("heads (3) must divide the 4 channels of x");
    }

    @Test
    void mergeHeads_threeAxes_namesTheShape() {
        assertThatThrownBy(() -> OracleHeads.mergeHeads(Inputs.random(1, 1, 2, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("x (1, 2, 4) must have 4 axes: (B, H, S, D)");
    }
}

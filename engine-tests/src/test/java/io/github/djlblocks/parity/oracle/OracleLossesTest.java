package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class OracleLossesTest {

    /** Probabilities (1/4, 3/4), class 1, and (1/2, 1/2), class 0: (ln 4/3 + ln 2) / 2. */
    @Test
    void crossEntropy_twoRows_isTheMean() {
        Var logits = Var.of(new double[] {0, Math.log(3), 5, 5}, 2, 2);
        Var loss = OracleLosses.crossEntropy(logits, new int[] {1, 0});
        loss.backward(1);
        assertThat(loss.shape()).isEmpty();
        assertThat(loss.values())
                .containsExactly(
                        new double[] {(Math.log(4 / 3.0) + Math.log(2)) / 2}, within(1e-15));
        assertThat(logits.gradient())
                .containsExactly(new double[] {0.125, -0.125, -0.25, 0.25}, within(1e-15));
    }

    @Test
    void crossEntropy_random_gradientAgreesWithDifferences() {
        Inputs.assertGradients(
                in -> OracleLosses.crossEntropy(in.get(0), new int[] {4, 0, 2}),
                Inputs.random(1, 3, 5));
    }

    /** The row of the ignored target neither counts nor has a gradient. */
    @Test
    void crossEntropy_ignoredTarget_leavesItsRowOut() {
        Var logits = Var.of(new double[] {0, Math.log(3), 5, 9, 5, 5}, 3, 2);
        Var loss = OracleLosses.crossEntropy(logits, new int[] {1, -100, 0}, -100);
        loss.backward(1);
        assertThat(loss.values())
                .containsExactly(
                        new double[] {(Math.log(4 / 3.0) + Math.log(2)) / 2}, within(1e-15));
        assertThat(logits.gradient())
                .containsExactly(new double[] {0.125, -0.125, 0, 0, -0.25, 0.25}, within(1e-15));
        Inputs.assertGradients(
                in -> OracleLosses.crossEntropy(in.get(0), new int[] {7, 0, 7, 2}, 7),
                Inputs.random(1, 4, 5));
    }

    @Test
    void crossEntropy_allIgnored_isZero() {
        Var logits = Inputs.row(1, 2);
        Var loss = OracleLosses.crossEntropy(logits, new int[] {-1}, -1);
        loss.backward(1);
        assertThat(loss.values()).containsExactly(0);
        assertThat(logits.gradient()).containsExactly(0, 0);
    }

    @Test
    void crossEntropy_hugeLogits_isTheirDistance() {
        Var logits = Inputs.row(1e4, -1e4);
        Var loss = OracleLosses.crossEntropy(logits, new int[] {1});
        loss.backward(1);
        assertThat(loss.values()).containsExactly(2e4);
        assertThat(logits.gradient()).containsExactly(1, -1);
    }

    @Test
    void crossEntropy_oneClass_isZero() {
        assertThat(OracleLosses.crossEntropy(Inputs.row(3), new int[] {0}).values())
                .containsExactly(0);
    }

    @Test
    void crossEntropy_badTargets_namesThem() {
        assertThatThrownBy(() -> OracleLosses.crossEntropy(Inputs.row(1, 2), new int[] {2}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("target (2) must be one of the 2 classes");
        assertThatThrownBy(() -> OracleLosses.crossEntropy(Inputs.row(1, 2), new int[] {1, 0}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("targets (2) must have one element for each of the 1 rows of logits");
    }
}

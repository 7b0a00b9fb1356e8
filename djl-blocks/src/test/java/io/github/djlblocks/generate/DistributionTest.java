package io.github.djlblocks.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Probabilities of set logits, and what a number between 0 and 1 draws from them. */
class DistributionTest {

    private static final double NEVER = Double.NEGATIVE_INFINITY;

    /** 1/8, 1/2, 0, 1/4, 1/8, far from 0 where exp overflows. */
    private static final double[] SCORES = {
        900 + Math.log(1), 900 + Math.log(4), NEVER, 900 + Math.log(2), 900 + Math.log(1)
    };

    private static final double[] SHARES = {0.125, 0.5, 0, 0.25, 0.125};

    @Test
    void softmax_largeLogits_areTheProbabilities() {
        assertThat(Distribution.softmax(SCORES)).containsExactly(SHARES, within(1e-12));
        double[] logs = Distribution.logSoftmax(SCORES);
        for (int token = 0; token < SHARES.length; token++) {
            assertThat(Math.exp(logs[token])).isEqualTo(SHARES[token], within(1e-12));
        }
        assertThat(logs[2]).isEqualTo(NEVER);
    }

    @Test
    void argMax_equalOnes_givesTheSmallest() {
        assertThat(Distribution.argMax(new double[] {1, 5, 2, 5})).isEqualTo(1);
        assertThat(Distribution.argMax(new double[] {NEVER, NEVER, -9})).isEqualTo(2);
    }

    @Test
    void draw_eachIntervalOfTheUnit_givesItsToken() {
        // Starts of the intervals: 0, 0.125, 0.625, 0.875.
        double edge = 1e-9;
        assertThat(Distribution.draw(SCORES, 0)).isZero();
        assertThat(Distribution.draw(SCORES, 0.125 - edge)).isZero();
        assertThat(Distribution.draw(SCORES, 0.125 + edge)).isEqualTo(1);
        assertThat(Distribution.draw(SCORES, 0.625 - edge)).isEqualTo(1);
        assertThat(Distribution.draw(SCORES, 0.625 + edge)).isEqualTo(3);
        assertThat(Distribution.draw(SCORES, 0.875 - edge)).isEqualTo(3);
        assertThat(Distribution.draw(SCORES, 0.875 + edge)).isEqualTo(4);
        assertThat(Distribution.draw(SCORES, Math.nextDown(1.0))).isEqualTo(4);
        // What cannot come is not drawn at either end.
        assertThat(Distribution.draw(new double[] {NEVER, 3, NEVER}, 0)).isEqualTo(1);
        assertThat(Distribution.draw(new double[] {NEVER, 3, NEVER}, Math.nextDown(1.0)))
                .isEqualTo(1);
    }
}

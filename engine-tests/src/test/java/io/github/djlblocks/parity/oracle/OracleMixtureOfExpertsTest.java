package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class OracleMixtureOfExpertsTest {

    private static final Offset<Double> ROUNDING = within(1e-15);
    private static final double LN2 = Math.log(2);
    private static final double LN5 = Math.log(5);

    /** Softmax of ln 1, ln 2, ln 5 is 1/8, 2/8, 5/8; of the two best 2/7 and 5/7. */
    @Test
    void weights_softmax_areTheSharesOfTheBest() {
        Var logits = Inputs.row(0, LN2, LN5);

        assertThat(
                        OracleMixtureOfExperts.weights(
                                        logits, null, OracleRouting.softmax(2, false))
                                .values())
                .containsExactly(new double[] {0, 0.25, 0.625}, ROUNDING);
        assertThat(
                        OracleMixtureOfExperts.weights(logits, null, OracleRouting.softmax(2, true))
                                .values())
                .containsExactly(new double[] {0, 2 / 7.0, 5 / 7.0}, ROUNDING);
    }

    /** Sigmoids of 0, ln 3 and -ln 3 are 1/2, 3/4 and 1/4. */
    @Test
    void weights_sigmoidWithCorrection_choosesByTheSumAndWeighsByTheScore() {
        Var logits = Inputs.row(0, Math.log(3), -Math.log(3));
        OracleRouting routing = new OracleRouting(2, true, true, 3, 1, 1, 1);

        assertThat(
                        OracleMixtureOfExperts.weights(logits, new double[] {0, 0, 0.3}, routing)
                                .values())
                .containsExactly(new double[] {0, 2.25, 0.75}, ROUNDING);
    }

    /** Worth by the best: 5 against 4; by the two best: 6 against 8. */
    @Test
    void weights_groups_areOpenedByTheirWorth() {
        Var logits = Inputs.row(5, 1, 4, 4);

        double[] best =
                OracleMixtureOfExperts.weights(
                                logits, null, new OracleRouting(1, false, true, 1, 2, 1, 1))
                        .values();
        double[] twoBest =
                OracleMixtureOfExperts.weights(
                                logits,
                                new double[] {0, 0, 0.5, 0.5},
                                new OracleRouting(2, true, false, 1, 2, 1, 2))
                        .values();

        assertThat(best).containsExactly(1, 0, 0, 0);
        double s = 1 / (1 + Math.exp(-4));
        assertThat(twoBest).containsExactly(new double[] {0, 0, s, s}, ROUNDING);
    }

    /** Corrected -0.5 and -1.5 in the open group: the zeros of the closed one are above. */
    @Test
    void weights_negativeScores_loseAgainstTheZeroOfAClosedGroup() {
        Var logits = Inputs.row(0, 0, 0, 0);
        double[] correction = {-1, -2, -3, -4};
        OracleRouting routing = new OracleRouting(1, true, false, 1, 2, 1, 1);

        assertThat(OracleMixtureOfExperts.weights(logits, correction, routing).values())
                .containsExactly(new double[] {0, 0, 0.5, 0}, ROUNDING);
    }

    @Test
    void weights_equalScores_takeTheLowerNumber() {
        Var logits = Inputs.row(1, 2, 2, 2);

        assertThat(
                        OracleMixtureOfExperts.weights(logits, null, OracleRouting.softmax(2, true))
                                .values())
                .containsExactly(0, 0.5, 0.5, 0);
    }

    @Test
    void combine_twoExperts_weighsEachRow() {
        Var weights = Var.of(new double[] {2, 3, 0, 1}, 2, 2);
        Var first = Var.of(new double[] {1, 10, 100, 1000}, 2, 2);
        Var second = Var.of(new double[] {4, 5, 6, 7}, 2, 2);

        assertThat(OracleMixtureOfExperts.combine(weights, List.of(first, second)).values())
                .containsExactly(14, 35, 6, 7);
    }

    /** Tokens 0 and 2 count: expert 0 is chosen by one of two, expert 1 by both. */
    @Test
    void loadBalancing_maskedTokens_countNeitherWay() {
        Var probabilities = Var.of(new double[] {0.25, 0.75, 1, 0, 0.5, 0.5}, 3, 2);
        double[] choices = {1, 1, 1, 1, 0, 1};

        // 2 (1/2 * 0.375 + 1 * 0.625)
        assertThat(
                        OracleMixtureOfExperts.loadBalancing(
                                        probabilities, choices, new double[] {1, 0, 1})
                                .values())
                .containsExactly(new double[] {1.625}, ROUNDING);
    }

    /** ln(1 + 1 + 2) = ln 4 and ln(3 e^1000) = 1000 + ln 3. */
    @Test
    void zLoss_twoTokens_isTheMeanSquare() {
        Var logits = Var.of(new double[] {0, 0, LN2, 1000, 1000, 1000}, 2, 3);
        double first = Math.log(4);
        double second = 1000 + Math.log(3);

        assertThat(OracleMixtureOfExperts.zLoss(logits, new double[] {1, 1}).values()[0])
                .isCloseTo((first * first + second * second) / 2, within(1e-9));
        assertThat(OracleMixtureOfExperts.zLoss(logits, new double[] {1, 0}).values()[0])
                .isCloseTo(first * first, ROUNDING);
    }

    @Test
    void all_random_gradientsAgreeWithDifferences() {
        Var logits = Inputs.random(1, 5, 4);
        for (boolean sigmoid : new boolean[] {false, true}) {
            for (boolean normalized : new boolean[] {false, true}) {
                OracleRouting routing = new OracleRouting(2, sigmoid, normalized, 1.5, 2, 1, 2);
                Inputs.assertGradients(
                        in -> OracleMixtureOfExperts.weights(in.get(0), null, routing), logits);
            }
        }
        Inputs.assertGradients(
                in -> OracleMixtureOfExperts.combine(in.get(0), List.of(in.get(1), in.get(2))),
                Inputs.random(2, 3, 2),
                Inputs.random(3, 3, 4),
                Inputs.random(4, 3, 4));
        double[] counts = {1, 0, 1, 1, 1};
        Inputs.assertGradients(in -> OracleMixtureOfExperts.zLoss(in.get(0), counts), logits);
        Inputs.assertGradients(
                in ->
                        OracleMixtureOfExperts.loadBalancing(
                                in.get(0), Inputs.random(9, 5, 4).values(), counts),
                logits);
    }

    @Test
    void combine_otherNumberOfExperts_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleMixtureOfExperts.combine(
                                        Inputs.random(1, 3, 2), List.of(Inputs.random(2, 3, 4))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("outputs (1) must be as many as experts (2)");
    }
}

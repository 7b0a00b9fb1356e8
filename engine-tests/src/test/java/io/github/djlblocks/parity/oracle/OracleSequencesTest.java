package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.parity.oracle.OracleSequences.Pooling;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OracleSequencesTest {

    private static final Offset<Double> ROUNDING = within(1e-15);

    /** Vectors (1, 50), (9, 6), (5, 8), (70, 7); the second and the third are kept. */
    @ParameterizedTest
    @CsvSource({
        "FIRST, 1, 50",
        "LAST, 5, 8",
        "MAX, 9, 8",
        "MEAN, 7, 7",
        "MEAN_SQRT_LENGTH, 9.899494936611665, 9.899494936611665",
        "WEIGHTED_MEAN, 6.6, 7.2"
    })
    void pool_twoOfFourKept_isTheirs(Pooling pooling, double first, double second) {
        Var x = Var.of(new double[] {1, 50, 9, 6, 5, 8, 70, 7}, 1, 4, 2);
        boolean[] keep = {false, true, true, false};

        Var y = OracleSequences.pool(x, keep, pooling);

        assertThat(y.shape()).containsExactly(1, 2);
        assertThat(y.values()).containsExactly(new double[] {first, second}, ROUNDING);
    }

    @ParameterizedTest
    @EnumSource
    void pool_nothingKept_isZeroButTheFirst(Pooling pooling) {
        Var x = Var.of(new double[] {3, 4}, 1, 2, 1);

        double y = OracleSequences.pool(x, new boolean[2], pooling).values()[0];

        assertThat(y).isEqualTo(pooling == Pooling.FIRST ? 3 : 0);
    }

    @ParameterizedTest
    @EnumSource
    void pool_random_gradientAgreesWithDifferences(Pooling pooling) {
        boolean[] keep = {true, false, true, false, true, true};
        Inputs.assertGradients(
                in -> OracleSequences.pool(in.get(0), keep, pooling), Inputs.random(3, 2, 3, 4));
    }

    @Test
    void pool_keepOfAnotherSize_namesBoth() {
        Var x = Inputs.random(1, 2, 3, 4);
        assertThatThrownBy(() -> OracleSequences.pool(x, new boolean[5], Pooling.MEAN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("keep (5) must have one element for each of the 6 vectors");
    }

    /** Length 5; and the same row under a bound of 10. */
    @Test
    void unitNorm_threeFour_isDividedByTheLongerOfBoth() {
        assertThat(OracleSequences.unitNorm(Inputs.row(3, 4), 1e-12).values())
                .containsExactly(new double[] {0.6, 0.8}, ROUNDING);
        assertThat(OracleSequences.unitNorm(Inputs.row(3, 4), 10).values())
                .containsExactly(new double[] {0.3, 0.4}, ROUNDING);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-12, 100})
    void unitNorm_random_gradientAgreesWithDifferences(double epsilon) {
        Inputs.assertGradients(
                in -> OracleSequences.unitNorm(in.get(0), epsilon), Inputs.random(4, 2, 3));
    }

    @Test
    void unitNorm_zeros_stayZerosWithAFiniteGradient() {
        Var x = Inputs.row(0, 0);
        Var y = OracleSequences.unitNorm(x, 0.5);
        y.backward(1, -3);
        assertThat(y.values()).containsExactly(0, 0);
        assertThat(x.gradient()).containsExactly(2, -6);
    }

    @Test
    void join_twoAndOne_alternateByRow() {
        Var first = Var.of(new double[] {1, 2, 3, 4}, 2, 2);
        Var second = Var.of(new double[] {5, 6}, 2, 1);
        Var y = OracleSequences.join(first, second);
        y.backward(10, 20, 30, 40, 50, 60);
        assertThat(y.shape()).containsExactly(2, 3);
        assertThat(y.values()).containsExactly(1, 2, 5, 3, 4, 6);
        assertThat(first.gradient()).containsExactly(10, 20, 40, 50);
        assertThat(second.gradient()).containsExactly(30, 60);
    }

    @Test
    void channel_second_isEveryOther() {
        Var x = Var.of(new double[] {1, 2, 3, 4}, 2, 2);
        Var y = OracleSequences.channel(x, 1);
        y.backward(10, 20);
        assertThat(y.shape()).containsExactly(2);
        assertThat(y.values()).containsExactly(2, 4);
        assertThat(x.gradient()).containsExactly(0, 10, 0, 20);
    }
}

package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class FiniteDifferencesTest {

    private static final List<Var> INPUTS = List.of(Inputs.random(1, 4), Inputs.random(2, 4));

    private static Var product(List<Var> in) {
        return OracleMath.mul(in.get(0), in.get(1));
    }

    /** The product, whose gradient for element 2 of the second input is off by a millionth. */
    private static Var slightlyWrong(List<Var> in) {
        Var a = in.get(0);
        Var b = in.get(1);
        return Var.node(
                product(in).values(),
                a.shape(),
                List.of(a, b),
                dy -> {
                    for (int i = 0; i < dy.length; i++) {
                        a.sink()[i] += dy[i] * b.data()[i];
                        b.sink()[i] += dy[i] * a.data()[i] + (i == 2 ? 1e-6 : 0);
                    }
                });
    }

    @Test
    void bothChecks_rightGradient_reportRoundingOnly() {
        assertThat(
                        FiniteDifferences.everyCoordinate(FiniteDifferencesTest::product, INPUTS, 3)
                                .worstError())
                .isBetween(0.0, 1e-11);
        assertThat(
                        FiniteDifferences.randomDirections(
                                        FiniteDifferencesTest::product, INPUTS, 2, 3)
                                .worstError())
                .isBetween(0.0, 1e-11);
    }

    @Test
    void everyCoordinate_wrongGradient_reportsWhere() {
        FiniteDifferences.Report report =
                FiniteDifferences.everyCoordinate(FiniteDifferencesTest::slightlyWrong, INPUTS, 3);
        assertThat(report.input()).isEqualTo(1);
        assertThat(report.coordinate()).isEqualTo(2);
        assertThat(report.worstError()).isBetween(0.3e-6, 1.1e-6);
        assertThat(report.analytic() - report.numeric()).isBetween(0.9e-6, 2.1e-6);
    }

    @Test
    void randomDirections_wrongGradient_reportsTheInput() {
        FiniteDifferences.Report report =
                FiniteDifferences.randomDirections(
                        FiniteDifferencesTest::slightlyWrong, INPUTS, 2, 3);
        assertThat(report.input()).isEqualTo(1);
        assertThat(report.worstError()).isBetween(0.1e-6, 2e-6);
    }

    /** Fourth order: the differences of x^4 are exact but for rounding, for x^5 they are not. */
    @Test
    void everyCoordinate_quartic_hasNoTruncationError() {
        Function<List<Var>, Var> quartic =
                in -> {
                    Var square = OracleMath.mul(in.get(0), in.get(0));
                    return OracleMath.mul(square, square);
                };
        assertThat(
                        FiniteDifferences.everyCoordinate(
                                        quartic, List.of(Inputs.vector(1.5, -2)), 3)
                                .worstError())
                .isBetween(0.0, 1e-12);
    }

    /** The step grows with the argument: 1e8 + 2^-10 would leave few digits. */
    @Test
    void everyCoordinate_largeArguments_takesRelativeSteps() {
        Function<List<Var>, Var> square = in -> OracleMath.mul(in.get(0), in.get(0));
        assertThat(
                        FiniteDifferences.everyCoordinate(
                                        square, List.of(Inputs.vector(1e8, -3e9)), 3)
                                .worstError())
                .isBetween(0.0, 1e-10);
    }

    @Test
    void bothChecks_notANumber_reportIt() {
        Function<List<Var>, Var> notANumber = in -> OracleMath.scale(in.get(0), Double.NaN);
        assertThat(FiniteDifferences.everyCoordinate(notANumber, INPUTS, 3).worstError()).isNaN();
        assertThat(FiniteDifferences.randomDirections(notANumber, INPUTS, 1, 3).worstError())
                .isNaN();
    }

    @Test
    void bothChecks_nothingToDo_sayWhat() {
        assertThatThrownBy(
                        () ->
                                FiniteDifferences.everyCoordinate(
                                        FiniteDifferencesTest::product, List.of(), 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("inputs (0) must be at least 1");
        assertThatThrownBy(
                        () ->
                                FiniteDifferences.randomDirections(
                                        FiniteDifferencesTest::product, INPUTS, 0, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("directions (0) must be at least 1");
    }
}

package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OracleSoftmaxTest {

    private static final Offset<Double> ROUNDING = within(1e-15);

    /** exp of ln 1, ln 2, ln 5 is 1, 2, 5, an eighth each; 1000 more changes nothing. */
    @Test
    void softmax_logarithms_areTheirShares() {
        double far = 1024;
        Var x = Inputs.row(far, far + Math.log(2), far + Math.log(5));

        assertThat(OracleSoftmax.softmax(x, 1).values())
                .containsExactly(new double[] {0.125, 0.25, 0.625}, within(1e-12));
        assertThat(OracleSoftmax.logSoftmax(x, 1).values())
                .containsExactly(
                        new double[] {-Math.log(8), -Math.log(4), Math.log(0.625)}, within(1e-12));
    }

    @Test
    void softmax_firstAxis_sumsDownTheColumns() {
        Var x = Var.of(new double[] {0, 1, Math.log(3), 1}, 2, 2);

        assertThat(OracleSoftmax.softmax(x, 0).values())
                .containsExactly(new double[] {0.25, 0.5, 0.75, 0.5}, ROUNDING);
        assertThat(OracleSoftmax.logSoftmax(x, 0).values())
                .containsExactly(
                        new double[] {-Math.log(4), -Math.log(2), Math.log(0.75), -Math.log(2)},
                        ROUNDING);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void softmax_anyAxis_gradientAgreesWithDifferences(int axis) {
        Var x = Inputs.random(3, 2, 3, 4);

        Inputs.assertGradients(in -> OracleSoftmax.softmax(in.get(0), axis), x);
        Inputs.assertGradients(in -> OracleSoftmax.logSoftmax(in.get(0), axis), x);
    }

    @Test
    void softmax_axisThatIsNone_namesIt() {
        assertThatThrownBy(() -> OracleSoftmax.softmax(Inputs.row(1, 2), 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("axis (2) must be one of the axes of (1, 2)");
    }
}

package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OracleMathTest {

    @Test
    void add_trailingAxes_broadcasts() {
        Var y = OracleMath.add(Var.of(new double[] {1, 2, 3, 4}, 2, 2), Inputs.vector(10, 20));
        assertThat(y.values()).containsExactly(11, 22, 13, 24);
        assertThat(y.shape()).containsExactly(2, 2);
    }

    @Test
    void mul_trailingAxes_broadcasts() {
        Var y = OracleMath.mul(Var.of(new double[] {1, 2, 3, 4}, 2, 2), Inputs.vector(10, 20));
        assertThat(y.values()).containsExactly(10, 40, 30, 80);
        assertThat(y.shape()).containsExactly(2, 2);
    }

    @Test
    void mul_scalar_broadcastsToAll() {
        Var y = OracleMath.mul(Inputs.vector(1, 2, 3), Var.of(new double[] {-2}));
        assertThat(y.values()).containsExactly(-2, -4, -6);
    }

    @Test
    void scale_anyShape_multiplies() {
        assertThat(OracleMath.scale(Inputs.row(1, -2, 3), 0.5).values())
                .containsExactly(0.5, -1, 1.5);
    }

    @Test
    void sum_anyShape_isAScalar() {
        Var y = OracleMath.sum(Var.of(new double[] {1, 2, 3, 4}, 2, 2));
        assertThat(y.values()).containsExactly(10);
        assertThat(y.shape()).isEmpty();
    }

    @Test
    void reshape_sameSize_keepsOrder() {
        Var y = OracleMath.reshape(Inputs.row(1, 2, 3, 4, 5, 6), 2, 3);
        assertThat(y.values()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(y.shape()).containsExactly(2, 3);
    }

    @Test
    void affine_eitherAbsent_leavesItOut() {
        Var x = Inputs.row(1, 2);
        Var weight = Inputs.vector(3, 5);
        Var bias = Inputs.vector(7, 11);
        assertThat(OracleMath.affine(x, weight, bias).values()).containsExactly(10, 21);
        assertThat(OracleMath.affine(x, weight, null).values()).containsExactly(3, 10);
        assertThat(OracleMath.affine(x, null, bias).values()).containsExactly(8, 13);
        assertThat(OracleMath.affine(x, null, null).values()).containsExactly(1, 2);
    }

    @Test
    void gradients_everyOperation_agreeWithDifferences() {
        Var x = Inputs.random(1, 2, 3, 5);
        Var same = Inputs.random(2, 2, 3, 5);
        Var tail = Inputs.random(3, 3, 5);
        Inputs.assertGradients(in -> OracleMath.add(in.get(0), in.get(1)), x, same);
        Inputs.assertGradients(in -> OracleMath.add(in.get(0), in.get(1)), x, tail);
        Inputs.assertGradients(in -> OracleMath.mul(in.get(0), in.get(1)), x, same);
        Inputs.assertGradients(in -> OracleMath.mul(in.get(0), in.get(1)), x, tail);
        Inputs.assertGradients(in -> OracleMath.scale(in.get(0), -1.75), x);
        Inputs.assertGradients(in -> OracleMath.sum(in.get(0)), x);
        Inputs.assertGradients(in -> OracleMath.reshape(in.get(0), 5, 6), x);
    }

    @Test
    void add_notATail_namesBothShapes() {
        assertThatThrownBy(() -> OracleMath.add(Inputs.random(1, 2, 3), Inputs.random(2, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "shape (2) must be that of the left operand (2, 3) or of its trailing"
                                + " axes");
    }

    @Test
    void mul_moreAxesThanTheLeft_namesBothShapes() {
        assertThatThrownBy(() -> OracleMath.mul(Inputs.random(1, 3), Inputs.random(2, 2, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(2, 3)")
                .hasMessageContaining("(3)");
    }

    @Test
    void reshape_otherSize_namesBoth() {
        assertThatThrownBy(() -> OracleMath.reshape(Inputs.random(1, 2, 3), 4, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "shape (2, 3) cannot become (4, 2): the numbers of elements differ (6 and"
                                + " 8)");
    }
}

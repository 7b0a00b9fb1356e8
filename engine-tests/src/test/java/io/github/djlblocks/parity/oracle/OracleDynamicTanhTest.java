package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class OracleDynamicTanhTest {

    /** tanh(ln 2) = 3/5 and tanh(2 ln 2) = (16 - 1) / (16 + 1). */
    @Test
    void dynamicTanh_alphaOfLn2_isRational() {
        Var alpha = Inputs.vector(Math.log(2));
        Var x = Inputs.row(1, 2);
        assertThat(OracleDynamicTanh.dynamicTanh(x, alpha, null, null).values())
                .containsExactly(new double[] {0.6, 15 / 17.0}, within(1e-15));
        assertThat(
                        OracleDynamicTanh.dynamicTanh(
                                        x, alpha, Inputs.vector(5, 17), Inputs.vector(-1, 2))
                                .values())
                .containsExactly(new double[] {2, 17}, within(1e-14));
    }

    @Test
    void dynamicTanh_random_gradientAgreesWithDifferences() {
        Inputs.assertGradients(
                in -> OracleDynamicTanh.dynamicTanh(in.get(0), in.get(1), in.get(2), in.get(3)),
                Inputs.random(1, 2, 3, 5),
                Var.of(new double[] {0.75}),
                Inputs.random(2, 5),
                Inputs.random(3, 5));
    }

    @Test
    void dynamicTanh_huge_saturates() {
        Var x = Inputs.row(1e4, -1e30);
        Var alpha = Inputs.vector(2);
        Var y = OracleDynamicTanh.dynamicTanh(x, alpha, null, null);
        y.backward(1, 1);
        assertThat(y.values()).containsExactly(1, -1);
        assertThat(x.gradient()).containsExactly(0, 0);
        assertThat(alpha.gradient()).containsExactly(new double[] {0}, within(0.0));
    }

    @Test
    void dynamicTanh_alphaNotSingle_namesItsSize() {
        assertThatThrownBy(
                        () ->
                                OracleDynamicTanh.dynamicTanh(
                                        Inputs.row(1, 2), Inputs.vector(1, 2, 3), null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("alpha (3) must have 1 element, not 3");
    }
}

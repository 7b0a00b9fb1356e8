package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class VarTest {

    @Test
    void of_valuesChangedAfterwards_keepsItsOwn() {
        double[] values = {1, 2};
        int[] shape = {2, 1};
        Var x = Var.of(values, shape);
        values[0] = 9;
        shape[0] = 9;
        x.values()[1] = 9;
        x.shape()[1] = 9;
        assertThat(x.values()).containsExactly(1, 2);
        assertThat(x.shape()).containsExactly(2, 1);
    }

    @Test
    void of_noAxes_isAScalar() {
        assertThat(Var.of(new double[] {3}).shape()).isEmpty();
    }

    @Test
    void of_sizesDiffer_namesBoth() {
        assertThatThrownBy(() -> Var.of(new double[3], 2, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("values (3) must have one element for each of the 4 of shape (2, 2)");
    }

    @Test
    void of_emptyAxis_namesIt() {
        assertThatThrownBy(() -> Var.of(new double[0], 2, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("axis 1 of shape (2, 0) must be at least 1");
    }

    @Test
    void of_shapeBeyondAnArray_namesTheLimit() {
        assertThatThrownBy(() -> Var.of(new double[1], 65536, 32768))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "shape (65536, 32768) has more than 2147483647 elements: use a smaller"
                                + " case");
    }

    /** y = x * x + x, so dy/dx = 2 x + 1: three paths lead to x. */
    @Test
    void backward_severalPaths_addsThem() {
        Var x = Inputs.vector(3, -5);
        Var y = OracleMath.add(OracleMath.mul(x, x), x);
        y.backward(1, 10);
        assertThat(x.gradient()).containsExactly(7, -90);
        assertThat(y.gradient()).containsExactly(1, 10);
    }

    /**
     * z = x y with y = x^2 used again in w = z + y: dw/dx = 3 x^2 + 2 x = 16 at 2. A node is taken
     * back only after all that use it.
     */
    @Test
    void backward_nodeUsedAtTwoDepths_isVisitedOnce() {
        Var x = Inputs.vector(2);
        Var y = OracleMath.mul(x, x);
        OracleMath.add(OracleMath.mul(y, x), y).backward(1);
        assertThat(x.gradient()).containsExactly(16);
    }

    @Test
    void backward_twice_replacesGradients() {
        Var x = Inputs.vector(1, 2);
        Var y = OracleMath.scale(x, 3);
        y.backward(1, 1);
        y.backward(10, 20);
        assertThat(x.gradient()).containsExactly(30, 60);
    }

    @Test
    void backward_longChain_doesNotOverflowTheStack() {
        Var x = Inputs.vector(1);
        Var y = x;
        for (int i = 0; i < 50_000; i++) {
            y = OracleMath.scale(y, -1);
        }
        y.backward(2);
        assertThat(x.gradient()).containsExactly(2);
    }

    @Test
    void backward_seedOfAnotherSize_namesBoth() {
        Var x = Inputs.random(1, 2, 3);
        assertThatThrownBy(() -> x.backward(1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("seed (2) must have one element for each of the 6 of shape (2, 3)");
    }

    @Test
    void gradient_notReached_saysSo() {
        Var x = Inputs.random(1, 2, 3);
        assertThatThrownBy(x::gradient)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "no backward pass has reached this Var (2, 3): call backward on a result"
                                + " computed from it");
    }
}

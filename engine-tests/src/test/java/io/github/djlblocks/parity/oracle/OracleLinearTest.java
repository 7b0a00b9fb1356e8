package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OracleLinearTest {

    /** Rows (1, 2) and (-1, 0) against the weight rows (3, 4), (5, 6), (7, 8). */
    @Test
    void linear_smallIntegers_isExact() {
        Var x = Var.of(new double[] {1, 2, -1, 0}, 2, 2);
        Var weight = Var.of(new double[] {3, 4, 5, 6, 7, 8}, 3, 2);
        Var plain = OracleLinear.linear(x, weight, null);
        assertThat(plain.values()).containsExactly(11, 17, 23, -3, -5, -7);
        assertThat(plain.shape()).containsExactly(2, 3);
        assertThat(OracleLinear.linear(x, weight, Inputs.vector(10, 20, 30)).values())
                .containsExactly(21, 37, 53, 7, 15, 23);
    }

    @Test
    void linear_random_gradientAgreesWithDifferences() {
        Inputs.assertGradients(
                in -> OracleLinear.linear(in.get(0), in.get(1), in.get(2)),
                Inputs.random(1, 2, 3, 5),
                Inputs.random(2, 7, 5),
                Inputs.random(3, 7));
        Inputs.assertGradients(
                in -> OracleLinear.linear(in.get(0), in.get(1), null),
                Inputs.random(4, 1),
                Inputs.random(5, 1, 1));
    }

    @Test
    void embedding_repeatedRow_addsItsGradients() {
        Var table = Var.of(new double[] {1, 2, 3, 4, 5, 6}, 3, 2);
        Var y = OracleLinear.embedding(new int[] {2, 0, 2, 2}, new int[] {2, 2}, table);
        assertThat(y.values()).containsExactly(5, 6, 1, 2, 5, 6, 5, 6);
        assertThat(y.shape()).containsExactly(2, 2, 2);
        y.backward(1, 2, 3, 4, 10, 20, 100, 200);
        assertThat(table.gradient()).containsExactly(3, 4, 0, 0, 111, 222);
    }

    @Test
    void embedding_random_gradientAgreesWithDifferences() {
        Inputs.assertGradients(
                in -> OracleLinear.embedding(new int[] {4, 1, 4}, new int[] {3}, in.get(0)),
                Inputs.random(1, 5, 3));
    }

    /** silu(ln 3) = 3/4 ln 3, up 2 ln 3, down 3: 9/2 (ln 3)^2. */
    @Test
    void gatedFeedForward_silu_gatesTheOther() {
        double ln3 = Math.log(3);
        Var y =
                OracleLinear.gatedFeedForward(
                        Inputs.row(ln3),
                        Inputs.row(1),
                        Inputs.row(2),
                        Inputs.row(3),
                        OracleActivation.SILU);
        assertThat(y.values()).containsExactly(new double[] {4.5 * ln3 * ln3}, within(1e-15));
    }

    /** gate 3 * 2 - 1 = 5, up 7 * 2 + 11 = 25, down 13 * 125 + 17 = 1642. */
    @Test
    void gatedFeedForward_biases_areAdded() {
        Var y =
                OracleLinear.gatedFeedForward(
                        Inputs.row(2),
                        Inputs.row(3),
                        Inputs.row(7),
                        Inputs.row(13),
                        Inputs.vector(-1),
                        Inputs.vector(11),
                        Inputs.vector(17),
                        OracleActivation.RELU);
        assertThat(y.values()).containsExactly(1642);
    }

    static List<OracleActivation> smooth() {
        return List.of(
                OracleActivation.IDENTITY,
                OracleActivation.SIGMOID,
                OracleActivation.TANH,
                OracleActivation.SILU,
                OracleActivation.GELU_ERF,
                OracleActivation.GELU_TANH,
                OracleActivation.MISH);
    }

    @ParameterizedTest
    @MethodSource("smooth")
    void gatedFeedForward_random_gradientAgreesWithDifferences(OracleActivation activation) {
        Inputs.assertGradients(
                in ->
                        OracleLinear.gatedFeedForward(
                                in.get(0),
                                in.get(1),
                                in.get(2),
                                in.get(3),
                                in.get(4),
                                in.get(5),
                                in.get(6),
                                activation),
                Inputs.random(1, 2, 3),
                Inputs.random(2, 5, 3),
                Inputs.random(3, 5, 3),
                Inputs.random(4, 3, 5),
                Inputs.random(5, 5),
                Inputs.random(6, 5),
                Inputs.random(7, 3));
    }

    @Test
    void linear_columnsDiffer_namesBothShapes() {
        assertThatThrownBy(
                        () ->
                                OracleLinear.linear(
                                        Inputs.random(1, 2, 3), Inputs.random(2, 5, 4), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("weight (5, 4) must have as many columns as x (2, 3) has channels");
    }

    @Test
    void linear_biasOfAnotherSize_namesBothShapes() {
        assertThatThrownBy(
                        () ->
                                OracleLinear.linear(
                                        Inputs.random(1, 2, 3),
                                        Inputs.random(2, 5, 3),
                                        Inputs.random(3, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bias (3) must have the shape (5)");
    }

    @Test
    void embedding_idOutsideTheTable_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleLinear.embedding(
                                        new int[] {3}, new int[] {1}, Inputs.random(1, 3, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("id (3) must be a row of the table of 3 rows");
    }

    @Test
    void embedding_shapeOfAnotherSize_namesBoth() {
        assertThatThrownBy(
                        () ->
                                OracleLinear.embedding(
                                        new int[] {1, 2}, new int[] {3}, Inputs.random(1, 3, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ids (2) must have one element for each of the 3 of shape (3)");
    }
}

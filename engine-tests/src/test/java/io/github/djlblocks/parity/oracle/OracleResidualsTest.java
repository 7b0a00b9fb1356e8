package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Norms and sublayers are factors here, so that each scheme is a sum of products by hand. */
class OracleResidualsTest {

    private static final Var THREE = Inputs.vector(3);

    private static UnaryOperator<Var> times(double factor) {
        return x -> OracleMath.scale(x, factor);
    }

    /** 3 + 5 (2 * 3). */
    @Test
    void preNorm_factors_normalisesTheInput() {
        assertThat(OracleResiduals.preNorm(THREE, times(2), times(5)).values()).containsExactly(33);
    }

    /** 2 * 3 + 5 (2 * 3). */
    @Test
    void normedResidual_factors_normalisesTheInputOfBoth() {
        assertThat(OracleResiduals.normedResidual(THREE, times(2), times(5)).values())
                .containsExactly(36);
    }

    /** 2 (3 + 5 * 3). */
    @Test
    void postNorm_factors_normalisesTheSum() {
        assertThat(OracleResiduals.postNorm(THREE, times(2), times(5)).values())
                .containsExactly(36);
    }

    /** 3 + 7 (5 (2 * 3)), with an offset in f that before and after treat differently. */
    @Test
    void sandwichNorm_factors_normalisesBothEnds() {
        UnaryOperator<Var> fiveTimesPlusOne =
                x -> OracleMath.add(OracleMath.scale(x, 5), Inputs.vector(1));
        assertThat(
                        OracleResiduals.sandwichNorm(THREE, times(2), times(7), fiveTimesPlusOne)
                                .values())
                .containsExactly(3 + 7 * (5 * (2 * 3) + 1));
    }

    /** 3 + 5 (2 * 3) + 11 (7 * 3), with offsets in the sublayers. */
    @Test
    void parallel_factors_addsBothToTheInput() {
        UnaryOperator<Var> attention = x -> OracleMath.add(times(5).apply(x), Inputs.vector(100));
        assertThat(
                        OracleResiduals.parallel(THREE, times(2), attention, times(7), times(11))
                                .values())
                .containsExactly(3 + 5 * 6 + 100 + 11 * 21);
    }

    /** 2 (1, 3) + (0, 4) = (2, 10): deviations of 4 over sqrt(16 + 9), then weight and bias. */
    @Test
    void deepNorm_alphaOf2_scalesTheResidual() {
        UnaryOperator<Var> constant = x -> Inputs.row(0, 4);
        Var y =
                OracleResiduals.deepNorm(
                        Inputs.row(1, 3),
                        constant,
                        2,
                        Inputs.vector(10, 100),
                        Inputs.vector(1, 2),
                        9);
        assertThat(y.values()).containsExactly(new double[] {-7, 82}, within(1e-13));
    }

    @Test
    void deepNormAlpha_eightLayers_isTwo() {
        assertThat(OracleResiduals.deepNormAlpha(8)).isCloseTo(2, within(1e-15));
        assertThatThrownBy(() -> OracleResiduals.deepNormAlpha(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("layers (0) must be at least 1");
    }

    @Test
    void everyScheme_random_gradientAgreesWithDifferences() {
        Var x = Inputs.random(1, 2, 5);
        Var w = Inputs.random(2, 5, 5);
        UnaryOperator<Var> norm = v -> OracleNorms.layerNorm(v, null, null, 0.5);
        Inputs.assertGradients(
                in -> OracleResiduals.preNorm(in.get(0), norm, mix(in.get(1))), x, w);
        Inputs.assertGradients(
                in -> OracleResiduals.postNorm(in.get(0), norm, mix(in.get(1))), x, w);
        Inputs.assertGradients(
                in -> OracleResiduals.sandwichNorm(in.get(0), norm, norm, mix(in.get(1))), x, w);
        Inputs.assertGradients(
                in -> {
                    UnaryOperator<Var> f = mix(in.get(1));
                    return OracleResiduals.parallel(in.get(0), norm, f, norm, f);
                },
                x,
                w);
        Inputs.assertGradients(
                in -> OracleResiduals.deepNorm(in.get(0), mix(in.get(1)), 1.5, null, null, 0.5),
                x,
                w);
    }

    private static UnaryOperator<Var> mix(Var weight) {
        return x -> OracleActivation.TANH.apply(OracleLinear.linear(x, weight, null));
    }
}

package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Expected values: mpmath 1.3 at 40 digits, rounded to 17; the first are in Abramowitz-Stegun 7.1.
 */
class ErrorFunctionTest {

    @ParameterizedTest
    @CsvSource({
        "0.1, 0.11246291601828490",
        "0.5, 0.52049987781304654",
        "1.0, 0.84270079294971487",
        "1.25, 0.92290012825645823",
        "1.4990234375, 0.96598883335433394",
        "1.5, 0.96610514647531073",
        "1.75, 0.98667167121918244",
        "2.0, 0.99532226501895273",
        "2.5, 0.99959304798255504",
        "3.0, 0.99997790950300141",
        "4.0, 0.99999998458274210"
    })
    void erf_tabulated_agreesTo1e15(double x, double expected) {
        assertThat(ErrorFunction.erf(x)).isCloseTo(expected, within(1e-15));
        assertThat(ErrorFunction.erf(-x)).isCloseTo(-expected, within(1e-15));
        assertThat(ErrorFunction.erfc(x)).isCloseTo(1 - expected, within(1e-15));
        assertThat(ErrorFunction.erfc(-x)).isCloseTo(1 + expected, within(1e-15));
    }

    /** Far out only the relative error tells anything; the last square rounds by 7.0e-15. */
    @ParameterizedTest
    @CsvSource({
        "1.5, 0.033894853524689273",
        "2.0, 0.0046777349810472658",
        "3.0, 2.2090496998585441e-5",
        "5.0, 1.5374597944280349e-12",
        "7.5, 2.7766493860305691e-26",
        "10.6, 8.4504464030945955e-51"
    })
    void erfc_tail_agreesRelatively(double x, double expected) {
        assertThat(ErrorFunction.erfc(x) / expected).isCloseTo(1, within(4e-15));
    }

    @Test
    void erf_extremes_areTheLimits() {
        assertThat(ErrorFunction.erf(0)).isZero();
        assertThat(ErrorFunction.erf(1e4)).isEqualTo(1);
        assertThat(ErrorFunction.erf(-1e300)).isEqualTo(-1);
        assertThat(ErrorFunction.erf(Double.POSITIVE_INFINITY)).isEqualTo(1);
        assertThat(ErrorFunction.erfc(1e4)).isZero();
        assertThat(ErrorFunction.erfc(Double.NEGATIVE_INFINITY)).isEqualTo(2);
        assertThat(ErrorFunction.erf(Double.NaN)).isNaN();
        assertThat(ErrorFunction.erfc(Double.NaN)).isNaN();
    }

    /** erf(x) = 2 x / sqrt(pi) to first order. */
    @Test
    void erf_tiny_isLinear() {
        assertThat(ErrorFunction.erf(1e-200))
                .isCloseTo(2e-200 / Math.sqrt(Math.PI), within(1e-215));
    }
}

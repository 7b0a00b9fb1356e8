package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.parity.oracle.OracleSinusoids.Layout;
import org.junit.jupiter.api.Test;

class OracleSinusoidsTest {

    private static double[] row(double position, int channels, double base, Layout layout) {
        return OracleSinusoids.table(new double[][] {{position}}, channels, base, layout).values();
    }

    @Test
    void table_fourChannels_areTheSinesWrittenOut() {
        // Base 100: exponents 0 and 1/2 give the frequencies 1 and 1/10; 0 and 1 give 1 and 1/100.
        assertThat(row(3, 4, 100, Layout.PAPER))
                .containsExactly(
                        new double[] {Math.sin(3), Math.cos(3), Math.sin(0.3), Math.cos(0.3)},
                        within(1e-15));
        assertThat(row(3, 4, 100, Layout.MARIAN))
                .containsExactly(
                        new double[] {Math.sin(3), Math.sin(0.3), Math.cos(3), Math.cos(0.3)},
                        within(1e-15));
        assertThat(row(3, 4, 100, Layout.FAIRSEQ))
                .containsExactly(
                        new double[] {Math.sin(3), Math.sin(0.03), Math.cos(3), Math.cos(0.03)},
                        within(1e-15));
        assertThat(row(3, 4, 100, Layout.PAPER_INCLUSIVE))
                .containsExactly(
                        new double[] {Math.sin(3), Math.cos(3), Math.sin(0.03), Math.cos(0.03)},
                        within(1e-15));
    }

    @Test
    void table_anyTwoPositions_haveAProductOfTheirDistanceAlone() {
        double[] at2 = row(2, 8, 10000, Layout.PAPER);
        double[] at7 = row(7, 8, 10000, Layout.PAPER);
        double[] at20 = row(20, 8, 10000, Layout.PAPER);
        double[] at25 = row(25, 8, 10000, Layout.PAPER);
        assertThat(dot(at2, at7)).isCloseTo(dot(at20, at25), within(1e-14));
        assertThat(dot(at2, at2)).isCloseTo(4, within(1e-14));
    }

    @Test
    void table_severalRows_keepsTheirOrder() {
        Var table =
                OracleSinusoids.table(
                        new double[][] {{0, 1, 2}, {5, 6, 7}}, 2, 10000, Layout.FAIRSEQ);
        assertThat(table.shape()).containsExactly(2, 3, 2);
        double[] values = table.values();
        for (int n = 0; n < 6; n++) {
            double position = n < 3 ? n : n + 2;
            assertThat(values[2 * n]).isCloseTo(Math.sin(position), within(1e-15));
            assertThat(values[2 * n + 1]).isCloseTo(Math.cos(position), within(1e-15));
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}

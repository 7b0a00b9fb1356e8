package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.parity.ParityReport.Direction;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParityReportTest {

    private static final EngineUnderTest MXNET = EngineUnderTest.onCpu("MXNet");
    private static final EngineUnderTest PYTORCH = EngineUnderTest.onCpu("PyTorch");

    private static ParityReport report() {
        ParityReport report = new ParityReport();
        report.add("Swish", PYTORCH, DataType.FLOAT64, Direction.FORWARD, margin(3, 2, 5));
        report.add("RmsNorm|a", PYTORCH, DataType.FLOAT32, Direction.GRADIENT, margin(0, 0.5, 0));
        report.addUnsupported(
                "RmsNorm|a", MXNET, DataType.FLOAT16, Direction.FORWARD, "no float16\nmatMul");
        report.add(
                "RmsNorm|a", PYTORCH, DataType.FLOAT32, Direction.FORWARD, margin(1e-7, 4e-7, 0));
        report.add("RmsNorm|a", MXNET, DataType.FLOAT32, Direction.FORWARD, margin(2e-7, 4e-7, 0));
        return report;
    }

    private static Margin margin(double error, double allowed, long failed) {
        return new Margin(error, allowed, error / allowed, List.of(0L), 1, 2, failed, 6);
    }

    @Test
    void toText_rows_areSortedAndAligned() {
        ParityReport report = new ParityReport();
        report.add("Swish", PYTORCH, DataType.FLOAT64, Direction.FORWARD, margin(3, 2, 5));
        report.addUnsupported("Gelu", MXNET, DataType.FLOAT16, Direction.GRADIENT, "no zeros");
        report.add("Gelu", PYTORCH, DataType.FLOAT32, Direction.FORWARD, margin(1e-7, 4e-7, 0));

        assertThat(report.toText())
                .isEqualTo(
                        """
                        case   direction  dtype    engine       worst error  allowed   used   result
                        Gelu   forward    float32  PyTorch/cpu  1.00e-07     4.00e-07  0.250  ok
                        Gelu   gradient   float16  MXNet/cpu                                  unsupported: no zeros
                        Swish  forward    float64  PyTorch/cpu  3.00         2.00      1.50   FAILED 5 of 6
                        """);
    }

    @Test
    void toMarkdown_rows_areSortedAndEscaped() {
        assertThat(report().toMarkdown())
                .isEqualTo(
                        """
                        | case | direction | dtype | engine | worst error | allowed | used | result |
                        |---|---|---|---|---|---|---|---|
                        | RmsNorm\\|a | forward | float32 | MXNet/cpu | 2.00e-07 | 4.00e-07 | 0.500 | ok |
                        | RmsNorm\\|a | forward | float32 | PyTorch/cpu | 1.00e-07 | 4.00e-07 | 0.250 | ok |
                        | RmsNorm\\|a | forward | float16 | MXNet/cpu |  |  |  | unsupported: no float16 matMul |
                        | RmsNorm\\|a | gradient | float32 | PyTorch/cpu | 0 | 0.500 | 0 | ok |
                        | Swish | forward | float64 | PyTorch/cpu | 3.00 | 2.00 | 1.50 | FAILED 5 of 6 |
                        """);
    }

    @Test
    void failures_outsideTolerance_areListedAndUnsupportedIsNot() {
        assertThat(report().failures())
                .extracting(ParityReport.Row::subject)
                .containsExactly("Swish");
        assertThat(report().rows()).hasSize(5);
    }

    @Test
    void number_anySize_hasThreeDigits() {
        assertThat(ParityReport.number(0.0123456)).isEqualTo("0.0123");
        assertThat(ParityReport.number(123456)).isEqualTo("1.23e+05");
        assertThat(ParityReport.number(-0.0)).isEqualTo("0");
        assertThat(ParityReport.number(Double.POSITIVE_INFINITY)).isEqualTo("Infinity");
    }
}

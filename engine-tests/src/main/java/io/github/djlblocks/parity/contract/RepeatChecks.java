package io.github.djlblocks.parity.contract;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.cases.CaseRun;
import java.util.List;

/** The same numbers twice, or, where a block is random in training, the right ones on average. */
final class RepeatChecks {

    private static final int PASSES = 400;

    /** A mean is further off than this many standard errors once in 4e11 (normal distribution). */
    private static final double STANDARD_ERRORS = 7;

    private RepeatChecks() {}

    static void repeatable(Subject subject) {
        try (CaseRun run = subject.trainable(DataType.FLOAT32)) {
            List<NDArray> copies = run.inputs().stream().map(NDArray::duplicate).toList();
            NDArray first = run.forward(false);
            assertThat(run.forward(false)).as("second inference").isExactly(first);
            if (subject.engine().trains() && !subject.parityCase().isRandomInTraining()) {
                NDArray trained = run.forward(true);
                assertThat(trained)
                        .as("training pass")
                        .isCloseTo(first, subject.parityCase().tolerance(DataType.FLOAT32));
                assertThat(run.forward(true)).as("second training pass").isExactly(trained);
            }
            assertThat(run.forward(false)).as("inference after it").isExactly(first);
            for (int i = 0; i < copies.size(); i++) {
                assertThat(run.inputs().get(i)).as("input %d", i).isExactly(copies.get(i));
            }
        }
    }

    static void randomness(Subject subject) {
        subject.engine().engine().setRandomSeed(20240607);
        try (CaseRun run = subject.trainable(DataType.FLOAT32)) {
            NDArray inference = run.forward(false);
            double[] expected = HostValues.of(inference);
            Mean[] means = new Mean[expected.length];
            for (int i = 0; i < means.length; i++) {
                means[i] = new Mean();
            }
            Mean signed = new Mean();
            for (int pass = 0; pass < PASSES; pass++) {
                try (NDArray y = run.forward(true)) {
                    double[] values = HostValues.of(y);
                    double sum = 0;
                    for (int i = 0; i < values.length; i++) {
                        means[i].add(values[i]);
                        sum += Math.signum(expected[i]) * values[i];
                    }
                    signed.add(sum);
                }
            }
            compare(subject, expected, means, signed);
        }
    }

    /** Element by element, and all of them summed in the direction of the output. */
    private static void compare(Subject subject, double[] expected, Mean[] means, Mean signed) {
        Tolerance rounding = subject.parityCase().tolerance(DataType.FLOAT32);
        double scale = 0;
        double total = 0;
        boolean varies = false;
        for (double value : expected) {
            scale = Math.max(scale, Math.abs(value));
            total += Math.abs(value);
        }
        double allowed = rounding.allowed(0, scale);
        for (int i = 0; i < expected.length; i++) {
            varies |= means[i].error() > 0;
            assertThat(Math.abs(means[i].value() - expected[i]))
                    .as(
                            "mean %s of element %d over %d passes in training, %s in inference",
                            means[i].value(), i, PASSES, expected[i])
                    .isLessThanOrEqualTo(STANDARD_ERRORS * means[i].error() + allowed);
        }
        assertThat(varies).as("passes in training differ").isTrue();
        assertThat(Math.abs(signed.value() - total))
                .as(
                        "mean magnitude %s over %d passes in training, %s in inference",
                        signed.value(), PASSES, total)
                .isLessThanOrEqualTo(STANDARD_ERRORS * signed.error() + allowed * expected.length);
    }

    /** A running mean and its standard error (Welford's update). */
    private static final class Mean {

        private long count;
        private double mean;
        private double squares;

        void add(double value) {
            count++;
            double delta = value - mean;
            mean += delta / count;
            squares += delta * (value - mean);
        }

        double value() {
            return mean;
        }

        double error() {
            return Math.sqrt(squares / (count - 1) / count);
        }
    }
}

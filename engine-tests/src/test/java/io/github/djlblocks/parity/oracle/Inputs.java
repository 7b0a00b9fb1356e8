package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/** Random inputs and the gradient check every operation's test uses. */
final class Inputs {

    /** See {@link FiniteDifferences}: 1e-13 times the size of the loss and its derivatives. */
    private static final double GRADIENT_TOLERANCE = 1e-10;

    private Inputs() {}

    /** Uniform in [-2, 2). */
    static Var random(long seed, int... shape) {
        int size = Shapes.size(shape);
        return Var.of(new SplittableRandom(seed).doubles(size, -2, 2).toArray(), shape);
    }

    static Var row(double... values) {
        return Var.of(values, 1, values.length);
    }

    static Var vector(double... values) {
        return Var.of(values, values.length);
    }

    static void assertGradients(Function<List<Var>, Var> function, Var... inputs) {
        FiniteDifferences.Report report =
                FiniteDifferences.everyCoordinate(function, List.of(inputs), 97);
        assertThat(report.worstError()).as("%s", report).isBetween(0.0, GRADIENT_TOLERANCE);
    }
}

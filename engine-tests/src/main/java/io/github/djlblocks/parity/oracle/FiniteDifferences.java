package io.github.djlblocks.parity.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;

/**
 * Checks analytic gradients against central differences.
 *
 * <p>The function's output is reduced to {@code L = sum(seed * f(inputs))} with a random seed in
 * [-1, 1). The difference is of fourth order, {@code (8 (L(h) - L(-h)) - (L(2h) - L(-2h))) / (12
 * h)}: it is off by {@code h^4 |L'''''| / 30} from truncation and by about {@code 1.5 u |L| / h}
 * from rounding, u = 2.2e-16. With {@code h = 2^-10 max(1, |x|)} both are near 1e-13 times the size
 * of L and its derivatives; where those are of order 1 to 10, 1e-10 is a safe bound and still far
 * below any mistake in a formula.
 */
public final class FiniteDifferences {

    private static final double STEP = 0x1p-10;

    private FiniteDifferences() {}

    /**
     * The worst disagreement found.
     *
     * @param worstError the largest |analytic - numeric|, relative to the size of that input's
     *     gradient where this is above 1; NaN if anything was NaN
     * @param input the number of the input where it was found
     * @param coordinate the element of that input, or the number of the direction
     * @param analytic the derivative by the backward pass
     * @param numeric the derivative by central differences
     */
    public record Report(
            double worstError, int input, int coordinate, double analytic, double numeric) {}

    /**
     * Compares the derivative with respect to every element of every input; the function is run
     * four times for each.
     *
     * @param function from inputs to output; called with new inputs each time
     * @param inputs where to compare; not changed
     * @param seed of the random numbers
     * @return the worst disagreement
     * @throws IllegalArgumentException if there is no input
     */
    public static Report everyCoordinate(
            Function<List<Var>, Var> function, List<Var> inputs, long seed) {
        Check check = new Check(function, inputs, new SplittableRandom(seed));
        for (int input = 0; input < inputs.size(); input++) {
            double[] values = inputs.get(input).data();
            double[] gradient = check.gradients.get(input);
            double size = 1;
            for (double g : gradient) {
                size = Math.max(size, Math.abs(g));
            }
            for (int i = 0; i < values.length; i++) {
                int coordinate = i;
                double unit = Math.max(1, Math.abs(values[i]));
                check.compare(
                        input, i, j -> j == coordinate ? unit : 0, unit * gradient[i], unit * size);
            }
        }
        return check.report();
    }

    /**
     * Compares derivatives along random directions, of one input at a time: cheap enough for whole
     * models. An element with a wrong gradient is found if the mistake stands out from the sum over
     * the input.
     *
     * @param function from inputs to output; called with new inputs each time
     * @param inputs where to compare; not changed
     * @param directions how many directions for each input
     * @param seed of the random numbers
     * @return the worst disagreement
     * @throws IllegalArgumentException if there is no input or no direction
     */
    public static Report randomDirections(
            Function<List<Var>, Var> function, List<Var> inputs, int directions, long seed) {
        Shapes.require(directions >= 1, "directions (%d) must be at least 1", directions);
        SplittableRandom random = new SplittableRandom(seed);
        Check check = new Check(function, inputs, random);
        for (int input = 0; input < inputs.size(); input++) {
            double[] values = inputs.get(input).data();
            double[] gradient = check.gradients.get(input);
            for (int direction = 0; direction < directions; direction++) {
                double[] along = new double[values.length];
                double analytic = 0;
                double squares = 0;
                for (int i = 0; i < along.length; i++) {
                    double unit = Math.max(1, Math.abs(values[i])) / Math.sqrt(along.length);
                    along[i] = (random.nextBoolean() ? 1 : -1) * unit;
                    analytic += along[i] * gradient[i];
                    squares += along[i] * gradient[i] * (along[i] * gradient[i]);
                }
                double size = Math.max(1, Math.sqrt(squares));
                check.compare(input, direction, i -> along[i], analytic, size);
            }
        }
        return check.report();
    }

    /** One comparison's function, seed and worst disagreement so far. */
    private static final class Check {
        private final Function<List<Var>, Var> function;
        private final List<Var> inputs;
        private final double[] seed;
        private final List<double[]> gradients = new ArrayList<>();
        private Report worst = new Report(-1, -1, -1, 0, 0);

        Check(Function<List<Var>, Var> function, List<Var> inputs, SplittableRandom random) {
            Shapes.require(!inputs.isEmpty(), "inputs (%d) must be at least 1", inputs.size());
            this.function = function;
            this.inputs = inputs;
            List<Var> copies = new ArrayList<>();
            for (Var input : inputs) {
                copies.add(Var.of(input.data(), input.dims()));
            }
            Var output = function.apply(copies);
            this.seed = random.doubles(output.data().length, -1, 1).toArray();
            output.backward(seed);
            for (Var copy : copies) {
                gradients.add(copy.sink());
            }
        }

        void compare(
                int input,
                int coordinate,
                IntToDoubleFunction direction,
                double analytic,
                double size) {
            double near = loss(input, direction, STEP) - loss(input, direction, -STEP);
            double far = loss(input, direction, 2 * STEP) - loss(input, direction, -2 * STEP);
            double numeric = (8 * near - far) / (12 * STEP);
            double error = Math.abs(analytic - numeric) / size;
            boolean worse = error > worst.worstError() || Double.isNaN(error);
            if (worse && !Double.isNaN(worst.worstError())) {
                worst = new Report(error, input, coordinate, analytic, numeric);
            }
        }

        private double loss(int input, IntToDoubleFunction direction, double step) {
            List<Var> moved = new ArrayList<>(inputs);
            double[] values = inputs.get(input).values();
            for (int i = 0; i < values.length; i++) {
                values[i] += step * direction.applyAsDouble(i);
            }
            moved.set(input, Var.of(values, inputs.get(input).dims()));
            double[] output = function.apply(moved).data();
            double loss = 0;
            for (int i = 0; i < output.length; i++) {
                loss += seed[i] * output[i];
            }
            return loss;
        }

        Report report() {
            return worst;
        }
    }
}

package io.github.djlblocks.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/**
 * Numbers drawn on the host, so that every engine and dtype starts from the same ones.
 *
 * <p>Engines' own generators differ even for one seed. These arrays depend on the seed and the
 * number of elements only; they are row-major. For a float64 reference start from {@link #rounded},
 * the numbers the engine really holds: otherwise the rounding of the inputs counts as an error of
 * the block.
 */
public final class RandomTensors {

    private RandomTensors() {}

    /**
     * Draws from the standard normal distribution (Box-Muller, correctly rounded functions).
     *
     * @param seed names the numbers
     * @param shape the extents
     * @return the numbers, row-major
     */
    public static double[] normal(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        return draw(
                shape,
                () -> {
                    double radius = Math.sqrt(-2 * StrictMath.log(1 - unit(random)));
                    return radius * StrictMath.cos(2 * Math.PI * unit(random));
                });
    }

    /**
     * Draws from the uniform distribution on {@code [low, high)}.
     *
     * @param seed names the numbers
     * @param low the lower bound, included
     * @param high the upper bound, excluded
     * @param shape the extents
     * @return the numbers, row-major
     * @throws IllegalArgumentException if {@code low} is not below {@code high}
     */
    public static double[] uniform(long seed, double low, double high, long... shape) {
        if (!(low < high)) {
            throw new IllegalArgumentException(
                    "low (%s) must be below high (%s)".formatted(low, high));
        }
        SplittableRandom random = new SplittableRandom(seed);
        return draw(shape, () -> low + (high - low) * unit(random));
    }

    /**
     * Draws eighths from -2 to 2, {@code k / 8} with {@code |k| <= 16}.
     *
     * <p>Every dtype from FLOAT16 up holds them, their products and short sums exactly, so engines
     * must agree bit for bit on formulas of additions and multiplications.
     *
     * @param seed names the numbers
     * @param shape the extents
     * @return the numbers, row-major
     */
    public static double[] dyadic(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        return draw(shape, () -> (Math.floor(unit(random) * 33) - 16) / 8);
    }

    /**
     * Rounds numbers to what a dtype holds, ties to even, overflow to infinity.
     *
     * @param values the numbers; left as they are
     * @param dataType FLOAT16, BFLOAT16, FLOAT32 or FLOAT64
     * @return the rounded numbers, a new array
     * @throws IllegalArgumentException for any other dtype
     */
    public static double[] rounded(double[] values, DataType dataType) {
        return switch (dataType) {
            case FLOAT64 -> values.clone();
            case FLOAT32 -> Arrays.stream(values).map(v -> (float) v).toArray();
            case FLOAT16 -> Arrays.stream(values).map(v -> round(v, 10, -14, 65504)).toArray();
            case BFLOAT16 ->
                    Arrays.stream(values).map(v -> round(v, 7, -126, 0x1.fep127)).toArray();
            default ->
                    throw new IllegalArgumentException(
                            dataType
                                    + " is not a floating dtype: give FLOAT16, BFLOAT16, FLOAT32 or"
                                    + " FLOAT64");
        };
    }

    /**
     * Puts numbers on an engine, rounded once, in Java, so that every engine gets the same bits.
     *
     * <p>FLOAT16 travels as FLOAT32 and is cast on the engine; the cast is exact.
     *
     * @param manager owns the new array
     * @param values the numbers, row-major
     * @param shape the extents
     * @param dataType FLOAT16, FLOAT32, FLOAT64, INT32 or INT64
     * @return a new array on the manager's device
     * @throws IllegalArgumentException if the counts differ, the dtype is another one (BFLOAT16
     *     aborts the JVM on PyTorch), or an integer dtype is to hold a fraction
     */
    public static NDArray toNDArray(
            NDManager manager, double[] values, Shape shape, DataType dataType) {
        if (shape.size() != values.length) {
            throw new IllegalArgumentException(
                    "shape %s holds %d elements, but %d values were given"
                            .formatted(shape, shape.size(), values.length));
        }
        return switch (dataType) {
            case FLOAT64 -> manager.create(DoubleBuffer.wrap(values.clone()), shape, dataType);
            case FLOAT32 -> floats(manager, values, shape);
            case FLOAT16 -> {
                try (NDArray wide = floats(manager, rounded(values, dataType), shape)) {
                    yield wide.toType(DataType.FLOAT16, true);
                }
            }
            case INT32 -> {
                int[] ints = Arrays.stream(values).mapToInt(v -> (int) whole(v, (int) v)).toArray();
                yield manager.create(IntBuffer.wrap(ints), shape, dataType);
            }
            case INT64 -> {
                long[] longs = Arrays.stream(values).mapToLong(v -> whole(v, (long) v)).toArray();
                yield manager.create(LongBuffer.wrap(longs), shape, dataType);
            }
            default ->
                    throw new IllegalArgumentException(
                            dataType
                                    + " cannot be put on every engine: use one of FLOAT16, FLOAT32,"
                                    + " FLOAT64, INT32, INT64");
        };
    }

    private static NDArray floats(NDManager manager, double[] values, Shape shape) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            narrow[i] = (float) values[i];
        }
        return manager.create(FloatBuffer.wrap(narrow), shape, DataType.FLOAT32);
    }

    private static long whole(double value, long integer) {
        // 2^63 saturates to Long.MAX_VALUE, which rounds back to 2^63.
        if ((double) integer != value || integer == Long.MAX_VALUE) {
            throw new IllegalArgumentException(value + " does not fit the integer dtype");
        }
        return integer;
    }

    private static double round(double value, int fractionBits, int minExponent, double max) {
        if (value == 0 || !Double.isFinite(value)) {
            return value;
        }
        double spacing =
                Math.scalb(1.0, Math.max(Math.getExponent(value), minExponent) - fractionBits);
        double result = Math.rint(value / spacing) * spacing;
        return Math.abs(result) > max ? Math.copySign(Double.POSITIVE_INFINITY, value) : result;
    }

    private static double[] draw(long[] shape, DoubleSupplier source) {
        int size = Math.toIntExact(new Shape(shape).size());
        double[] values = new double[size];
        Arrays.setAll(values, i -> source.getAsDouble());
        return values;
    }

    private static double unit(SplittableRandom random) {
        return (random.nextLong() >>> 11) * 0x1p-53;
    }
}

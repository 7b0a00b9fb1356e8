package io.github.djlblocks.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Initial values that are the same on every engine: normal numbers of mean 0, drawn in Java.
 *
 * <p>The n-th parameter that an object of this class initialises has the n-th stream of its seed,
 * so equal blocks begin equal if each is given an object of its own.
 */
public final class SeededNormalInitializer implements Initializer {

    private final AtomicLong parameters = new AtomicLong();
    private final long seed;
    private final double deviation;

    /**
     * Creates an initializer for one block.
     *
     * @param seed any number
     * @param deviation the standard deviation, at least 0
     * @throws IllegalArgumentException if it is negative
     */
    public SeededNormalInitializer(long seed, double deviation) {
        if (!(deviation >= 0)) {
            throw new IllegalArgumentException(
                    "the standard deviation (" + deviation + ") must not be negative");
        }
        this.seed = seed;
        this.deviation = deviation;
    }

    /**
     * Draws the values of the next parameter.
     *
     * @param manager of the array
     * @param shape its shape
     * @param dataType FLOAT32, or FLOAT64, which has the same numbers
     * @return a new array
     * @throws IllegalArgumentException if it is of another type
     */
    @Override
    public NDArray initialize(NDManager manager, Shape shape, DataType dataType) {
        Random random = new Random(seed * 0x9e3779b97f4a7c15L + parameters.getAndIncrement());
        float[] values = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        try (NDArray drawn = over(manager, values, shape, dataType)) {
            return drawn.duplicate();
        }
    }

    /** PyTorch lays an array over the memory of Java, which is to be its own. */
    private static NDArray over(NDManager manager, float[] values, Shape shape, DataType dataType) {
        if (dataType == DataType.FLOAT64) {
            double[] wide = new double[values.length];
            Arrays.setAll(wide, i -> values[i]);
            return manager.create(wide, shape);
        }
        if (dataType != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    dataType + " cannot be trained: initialise as FLOAT32 or FLOAT64");
        }
        return manager.create(values, shape);
    }
}

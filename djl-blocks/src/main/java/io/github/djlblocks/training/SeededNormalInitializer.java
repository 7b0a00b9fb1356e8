package io.github.djlblocks.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
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

    @Override
    public NDArray initialize(NDManager manager, Shape shape, DataType dataType) {
        Random random = new Random(seed * 0x9e3779b97f4a7c15L + parameters.getAndIncrement());
        float[] values = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        try (NDArray drawn = manager.create(values, shape)) {
            return dataType == DataType.FLOAT32 ? drawn.duplicate() : drawn.toType(dataType, true);
        }
    }
}

package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;

/**
 * What draws random numbers, from the engine's generator. Shapes and errors as in {@link Kernels}.
 */
public interface RandomKernels {

    /**
     * Dropout with inverted scaling: each element is set to 0 with probability {@code rate}, any
     * other divided by {@code 1 - rate}, so that the expected value stays.
     *
     * <p>DJL's seed of the engine, {@link ai.djl.engine.Engine#setRandomSeed}, makes it repeatable;
     * engines draw different numbers from the same seed.
     *
     * @param x any shape, floating
     * @param rate from 0 to below 1
     * @return the same shape
     */
    NDArray dropout(NDArray x, double rate);
}

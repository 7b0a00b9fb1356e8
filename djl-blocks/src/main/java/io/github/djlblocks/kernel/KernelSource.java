package io.github.djlblocks.kernel;

/**
 * An array that brings its own primitives, as a symbolic array of a tracer does: handed to a block,
 * it makes the block record its computation instead of running it.
 */
public interface KernelSource {

    /**
     * Returns the primitives that understand this array.
     *
     * @return the primitives
     */
    Kernels kernels();
}

package io.github.djlblocks.generate;

/**
 * Uniform random numbers that depend on a seed, a row and a position alone: SplitMix64 (Steele, Lea
 * and Flood, OOPSLA 2014) with a stream for each row. They are the same on every engine, whatever
 * else is in the batch, and however often a position is drawn for.
 */
final class UniformNumbers {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long seed;

    UniformNumbers(long seed) {
        this.seed = seed;
    }

    /** At least 0 and below 1, a multiple of 2^-53. */
    double at(int row, int position) {
        long stream = mix(seed + (row + 1) * GOLDEN);
        return (mix(stream + (position + 1) * GOLDEN) >>> 11) * 0x1.0p-53;
    }

    private static long mix(long bits) {
        long z = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}

package io.github.djlblocks.torchscript;

/** What became of the passes of a compiled block so far. */
public interface PassStatistics {

    /**
     * Returns how many kinds of passes have been compiled: those that differ in more than sizes.
     *
     * @return from 0 up
     */
    int kinds();

    /**
     * Returns how many passes ran compiled.
     *
     * @return from 0 up
     */
    long compiled();

    /**
     * Returns how many passes were left to the block itself: what cannot be compiled, and what
     * failed.
     *
     * @return from 0 up
     */
    long portable();
}

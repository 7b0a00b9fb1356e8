package io.github.djlblocks.torchscript;

import io.github.djlblocks.parity.ProcessMemory;

/** Resident memory that two moments of a process can be compared by. */
public final class ResidentMemory {

    private static final int READINGS = 5;
    private static final long MILLISECONDS = 50;

    private ResidentMemory() {}

    /**
     * Returns the resident set size, once what Java has dropped, and what is freed but stays with
     * the C library, does not count: cleaners run on a thread of their own, so it is the least of a
     * few readings.
     *
     * @return bytes, or 0 where there is no {@code /proc}
     */
    public static long settled() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < READINGS; i++) {
            System.gc();
            pause();
            NativeHeap.trim();
            least = Math.min(least, ProcessMemory.residentBytes().orElse(0));
        }
        return least;
    }

    private static void pause() {
        try {
            Thread.sleep(MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while memory settled", e);
        }
    }
}

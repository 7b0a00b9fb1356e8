package io.github.djlblocks.torchscript;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Structure;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Bytes that are allocated in the C library's heap, where both engines keep their arrays.
 *
 * <p>The resident set of a process also has Java's heap in it, which grows and shrinks by tens of
 * megabytes as the collector likes. What is left of noise is the JVM's own: its compiler takes up
 * to 60 MB while it works, and gives them back seconds later.
 */
public final class NativeMemory {

    private static final int READINGS = 5;
    private static final long MILLISECONDS = 50;
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

    private NativeMemory() {}

    /**
     * Counts what is in use once Java has dropped what it does not need: cleaners run on a thread
     * of their own, so it is the least of a few counts.
     *
     * @return bytes; a test that asks is skipped where the C library cannot say, which is any but
     *     glibc 2.33 and later
     */
    public static long inUse() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < READINGS; i++) {
            System.gc();
            pause();
            least = Math.min(least, count());
        }
        return least;
    }

    /**
     * Counts what is in use now and was not then. Waits for the JVM to give its own back while that
     * is more than the test allows.
     *
     * @param then what {@link #inUse} said
     * @param allowed bytes
     * @return the growth in bytes, the least in 20 seconds if it stays above
     */
    public static long grownSince(long then, long allowed) {
        long start = System.nanoTime();
        long least = Long.MAX_VALUE;
        while (least > allowed && System.nanoTime() - start < PATIENCE) {
            least = Math.min(least, inUse() - then);
        }
        return least;
    }

    private static long count() {
        NativeLibrary library = NativeLibrary.getProcess();
        try {
            Counts counts =
                    (Counts) library.getFunction("mallinfo2").invoke(Counts.class, new Object[0]);
            return counts.uordblks + counts.hblkhd;
        } catch (UnsatisfiedLinkError e) {
            return Assumptions.abort("this C library does not count: " + e.getMessage());
        }
    }

    private static void pause() {
        try {
            Thread.sleep(MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while memory settled", e);
        }
    }

    /** {@code struct mallinfo2} of malloc.h. */
    @Structure.FieldOrder({
        "arena",
        "ordblks",
        "smblks",
        "hblks",
        "hblkhd",
        "usmblks",
        "fsmblks",
        "uordblks",
        "fordblks",
        "keepcost"
    })
    public static final class Counts extends Structure implements Structure.ByValue {
        public long arena;
        public long ordblks;
        public long smblks;
        public long hblks;
        public long hblkhd;
        public long usmblks;
        public long fsmblks;
        public long uordblks;
        public long fordblks;
        public long keepcost;
    }
}

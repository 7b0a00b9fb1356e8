package io.github.djlblocks.torchscript;

import com.sun.jna.NativeLibrary;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The heap of glibc, where PyTorch has its arrays; of another C library nothing is asked.
 *
 * <p>Unless told otherwise, glibc gives the memory of large results back to the system as soon as
 * they are freed, and the system clears every page of it before it gives it out again, which can
 * take longer than computing them.
 */
final class NativeHeap {

    /** The system property that leaves glibc as it is: {@code system}. */
    static final String PROPERTY = "djlblocks.nativeHeap";

    private static final Logger LOG = LoggerFactory.getLogger(NativeHeap.class);
    private static final AtomicBoolean KEEPS = new AtomicBoolean();

    // Of malloc.h.
    private static final int TRIM_THRESHOLD = -1;
    private static final int TOP_PAD = -2;
    private static final int MMAP_THRESHOLD = -3;

    /** The most that glibc takes: larger blocks are mapped, and given back, one by one. */
    private static final int LARGEST_KEPT = 32 << 20;

    /** So much free memory at the end of the heap goes back. */
    private static final int MOST_FREE = 256 << 20;

    /** The heap of a thread grows by pieces of this size; one that is empty is not given back. */
    private static final int PIECE = 64 << 20;

    private NativeHeap() {}

    /**
     * Has glibc keep freed blocks of up to 32 MB for the next result, in the whole process and from
     * now on. Does nothing where its settings are chosen already: by the environment, or by the
     * system property {@value #PROPERTY}.
     */
    static void keepFreed() {
        if (!isChosen(System.getenv(), System.getProperty(PROPERTY, ""))
                && !KEEPS.getAndSet(true)) {
            set(MMAP_THRESHOLD, LARGEST_KEPT);
            set(TRIM_THRESHOLD, MOST_FREE);
            set(TOP_PAD, PIECE);
        }
    }

    private static void set(int setting, int value) {
        if (call("mallopt", setting, value) == 0) {
            LOG.debug("the C library refused {} for its setting {}", value, setting);
        }
    }

    /** Whether somebody has said how the heap is to be kept. */
    static boolean isChosen(Map<String, String> environment, String property) {
        switch (property) {
            case "" -> {
                return environment.keySet().stream().anyMatch(name -> name.startsWith("MALLOC_"))
                        || environment.getOrDefault("GLIBC_TUNABLES", "").contains("malloc");
            }
            case "system" -> {
                return true;
            }
            default ->
                    throw new IllegalArgumentException(
                            PROPERTY + " is '" + property + "': use system, or leave it out");
        }
    }

    /** Gives back what is free, wherever it lies. */
    static void trim() {
        call("malloc_trim", 0L);
    }

    /** What the function says, or 0 if there is none. */
    private static int call(String function, Object... arguments) {
        try {
            return NativeLibrary.getProcess().getFunction(function).invokeInt(arguments);
        } catch (LinkageError e) {
            LOG.debug("{} cannot be called here", function, e);
            return 0;
        }
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The C library's heap. What trials of kernels have freed stays resident between what is kept: some
 * 200 MB, measured with glibc, until it is asked to give it back.
 */
final class NativeHeap {

    private static final Logger LOG = LoggerFactory.getLogger(NativeHeap.class);

    /** The largest block that glibc learns from, less a few pages for what it adds. */
    private static final long LARGEST_LEARNT = (32L << 20) - (64L << 10);

    private static final AtomicBoolean KEEPS = new AtomicBoolean();

    private NativeHeap() {}

    /**
     * Has the C library keep memory for the next result instead of giving every large one back to
     * the system, which clears each page before it gives it out again: 40 % of the time of a BERT's
     * pass in float32. glibc learns how large the blocks are that come and go from the largest it
     * has seen freed; it is shown one of 32 MB, which is never written to. Those who set {@code
     * MALLOC_MMAP_THRESHOLD_} themselves keep what they set.
     *
     * @param manager of the engine's native memory
     */
    static void keepFreed(NDManager manager) {
        if (KEEPS.compareAndSet(false, true)) {
            manager.create(new Shape(LARGEST_LEARNT), DataType.INT8).close();
        }
    }

    /** Gives back what is free; does nothing where the JVM cannot (before 17.0.9, not Linux). */
    static void trim() {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "systemTrimNativeHeap",
                            new Object[0],
                            new String[0]);
        } catch (JMException e) {
            LOG.debug("the native heap cannot be trimmed here", e);
        }
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.TracedArray;
import io.github.djlblocks.graph.Tracer;
import io.github.djlblocks.kernel.Past;
import java.util.ArrayList;
import java.util.List;

/** A cache while a pass over it is recorded, in the place of a real one. */
abstract class RecordedCache implements KeyValueCache {

    private final CacheArgument real;
    private final Past past;
    private final List<RecordedSlot> slots = new ArrayList<>();

    RecordedCache(Tracer tracer, CacheArgument real) {
        this.real = real;
        past = tracer.past(real.past());
    }

    final CacheArgument real() {
        return real;
    }

    final void add(RecordedSlot slot) {
        slots.add(slot);
    }

    /** The extents of an array that is cached, which only one that was recorded has. */
    static List<Dim> dims(NDArray array) {
        if (array instanceof TracedArray traced) {
            return traced.value().dims();
        }
        throw new UnsupportedOperationException(
                "an array " + array.getShape() + " that was not recorded is cached");
    }

    static boolean isMemory(CachePolicy policy) {
        return policy.kind() == CachePolicy.Kind.MEMORY;
    }

    @Override
    public final int layers() {
        return slots.size();
    }

    @Override
    public final long length() {
        return past.longest();
    }

    @Override
    public final long[] lengths() {
        return past.lengths();
    }

    @Override
    public final Past past() {
        return past;
    }

    @Override
    public final Slot slot(int layer) {
        return slots.get(layer);
    }

    @Override
    public final void truncate(long... lengths) {
        // A block that fails while it is recorded puts back a cache that nothing was written to.
    }

    @Override
    public final void reorder(int... rows) {
        throw new UnsupportedOperationException("a cache cannot be reordered while recording");
    }

    @Override
    public final void close() {
        // It holds nothing that could be freed.
    }

    /** A slot that is written to, or read, once in a pass. */
    abstract class RecordedSlot implements Slot {

        private final Slot slot;
        private final NDList content = new NDList();

        RecordedSlot(Slot slot) {
            this.slot = slot;
        }

        /** Records that keys and values are appended; returns what may be seen of both. */
        abstract NDList appended(NDArray keys, NDArray values);

        /** Records that what is held is read; returns both. */
        abstract NDList held(NDArray keys, NDArray values);

        final Slot slot() {
            return slot;
        }

        @Override
        public final long length() {
            if (!isMemory(slot.policy())) {
                throw new UnsupportedOperationException(
                        "the length of a cache that is no memory was read, a number of one call:"
                                + " use KeyValueCache.memory for cross-attention, and take past()"
                                + " whole");
            }
            return real.past().longest();
        }

        @Override
        public final long[] lengths() {
            return past.lengths();
        }

        @Override
        public final Past past() {
            return past;
        }

        @Override
        public final CachePolicy policy() {
            return slot.policy();
        }

        @Override
        public final NDList append(NDArray keys, NDArray values) {
            if (!content.isEmpty()) {
                throw new UnsupportedOperationException("a slot was appended to twice in a pass");
            }
            content.addAll(appended(keys, values));
            return new NDList(content);
        }

        @Override
        public final NDList content() {
            if (content.isEmpty() && real.past().longest() > 0) {
                NDList kept = slot.content();
                content.addAll(held(kept.get(0), kept.get(1)));
            }
            return new NDList(content);
        }
    }
}

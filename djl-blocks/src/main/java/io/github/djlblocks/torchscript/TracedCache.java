package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.TracedArray;
import io.github.djlblocks.graph.Tracer;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.Past;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A cache while a pass over it is recorded: what is appended is written in place into buffers that
 * each call is given, and what may be seen is a part of them.
 */
final class TracedCache implements KeyValueCache {

    /** Layers of one policy hold as much, from the same step on. */
    private static final class Group {
        private final Value from;
        private final Value at;
        private Dim visible = Dim.ONE;

        Group(Value from, Value at) {
            this.from = from;
            this.at = at;
        }
    }

    /**
     * A slot whose buffers of keys and values each call is given.
     *
     * @param cache which of the pass's caches
     * @param slot which of its slots
     * @param keys the extents of what is written there, or held
     * @param values the same of the values
     * @param type of both
     * @param written whether it is written to, or only read
     */
    record Use(
            int cache,
            int slot,
            List<Dim> keys,
            List<Dim> values,
            DataType type,
            boolean written) {}

    /** What all caches of a pass share: the uses in the order of their buffers. */
    static final class Uses {
        private final List<Use> all = new ArrayList<>();
        private final Set<Value> buffers = new HashSet<>();

        List<Use> all() {
            return all;
        }

        Set<Value> buffers() {
            return buffers;
        }
    }

    private final Tracer tracer;
    private final CacheArgument real;
    private final ScriptTypes types;
    private final Past past;
    private final List<TracedSlot> slots = new ArrayList<>();
    private final Map<Integer, Group> groups = new HashMap<>();
    private final List<Integer> groupOrder = new ArrayList<>();
    private final Uses uses;
    private final int number;

    TracedCache(Tracer tracer, CacheArgument real, ScriptTypes types, Uses uses, int number) {
        this.tracer = tracer;
        this.types = types;
        this.uses = uses;
        this.number = number;
        this.real = real;
        past = tracer.past(real.past());
        for (Slot slot : real.slots()) {
            int group = real.group(slot);
            if (!groups.containsKey(group)) {
                Value at = past.isRagged() ? Tracer.valueOf(past) : tracer.number();
                groups.put(group, new Group(tracer.number(), at));
                groupOrder.add(group);
            }
            slots.add(new TracedSlot(slots.size(), slot));
        }
    }

    /** The groups whose numbers {@code at} and {@code from} follow the past, in this order. */
    List<Integer> groups() {
        return groupOrder;
    }

    @Override
    public int layers() {
        return slots.size();
    }

    @Override
    public long length() {
        return past.longest();
    }

    @Override
    public long[] lengths() {
        return past.lengths();
    }

    @Override
    public Past past() {
        return past;
    }

    @Override
    public Slot slot(int layer) {
        return slots.get(layer);
    }

    @Override
    public void truncate(long... lengths) {
        // A block that fails while it is recorded puts back a cache that nothing was written to.
    }

    @Override
    public void reorder(int... rows) {
        throw new UnsupportedOperationException("a cache cannot be reordered while recording");
    }

    @Override
    public void close() {
        // It holds nothing that could be freed.
    }

    private final class TracedSlot implements Slot {
        private final int index;
        private final Slot slot;
        private final NDList content = new NDList();

        TracedSlot(int index, Slot slot) {
            this.index = index;
            this.slot = slot;
        }

        @Override
        public long length() {
            if (slot.policy().kind() != CachePolicy.Kind.MEMORY) {
                throw new UnsupportedOperationException(
                        "the length of a cache that is no memory was read, a number of one call:"
                                + " use KeyValueCache.memory for cross-attention, and take past()"
                                + " whole");
            }
            return real.past().longest();
        }

        @Override
        public long[] lengths() {
            return past.lengths();
        }

        @Override
        public Past past() {
            return past;
        }

        @Override
        public CachePolicy policy() {
            return slot.policy();
        }

        @Override
        public NDList append(NDArray keys, NDArray values) {
            if (!content.isEmpty()) {
                throw new UnsupportedOperationException("a slot was appended to twice in a pass");
            }
            uses.all.add(
                    new Use(number, index, dims(keys), dims(values), keys.getDataType(), true));
            content.add(appended(keys));
            content.add(appended(values));
            return new NDList(content);
        }

        private NDArray appended(NDArray next) {
            Group group = group(next.getShape().get(2));
            List<Dim> dims = dims(next);
            TracedArray buffer = buffer(dims, next.getDataType());
            List<Dim> visible = List.of(dims.get(0), dims.get(1), group.visible, dims.get(3));
            return past.isRagged()
                    ? tracer.call(
                            "appendRowsInPlace",
                            false,
                            visible,
                            next.getDataType(),
                            buffer,
                            next,
                            group.at)
                    : tracer.call(
                            "appendInPlace",
                            false,
                            visible,
                            next.getDataType(),
                            buffer,
                            next,
                            group.from,
                            group.at);
        }

        private Group group(long steps) {
            Group group = groups.get(real.group(slot));
            if (group == null) {
                throw new IllegalStateException("no group of " + slot.policy());
            }
            if (group.visible.isConstant()) {
                group.visible = Dim.variable(real.past().longest() + steps);
            }
            return group;
        }

        private TracedArray buffer(List<Dim> like, DataType type) {
            Dim capacity = Dim.variable(real.past().longest() + 1);
            TracedArray buffer =
                    tracer.input(List.of(like.get(0), like.get(1), capacity, like.get(3)), type);
            uses.buffers.add(buffer.value());
            return buffer;
        }

        private static List<Dim> dims(NDArray array) {
            if (array instanceof TracedArray traced) {
                return traced.value().dims();
            }
            throw new UnsupportedOperationException(
                    "an array " + array.getShape() + " that was not recorded is cached");
        }

        @Override
        public NDList content() {
            if (content.isEmpty() && real.past().longest() > 0) {
                NDList held = slot.content();
                NDArray keys = held.get(0);
                NDArray values = held.get(1);
                uses.all.add(
                        new Use(
                                number,
                                index,
                                List.of(),
                                List.of(),
                                types.held(keys.getDataType()),
                                false));
                content.add(held(keys));
                content.add(held(values));
            }
            return new NDList(content);
        }

        private NDArray held(NDArray array) {
            Group group = group(0);
            Shape shape = array.getShape();
            DataType type = types.held(array.getDataType());
            List<Dim> dims =
                    List.of(
                            Dim.symbol(shape.get(0)),
                            Dim.of(shape.get(1)),
                            group.visible,
                            Dim.of(shape.get(3)));
            return tracer.call(
                    "cacheContent",
                    true,
                    dims,
                    type,
                    buffer(dims, type),
                    group.from,
                    group.at,
                    type);
        }
    }
}

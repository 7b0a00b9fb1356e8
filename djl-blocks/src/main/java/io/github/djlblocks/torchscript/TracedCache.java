package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.TracedArray;
import io.github.djlblocks.graph.Tracer;
import io.github.djlblocks.graph.Value;
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
final class TracedCache extends RecordedCache {

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
    private final ScriptTypes types;
    private final Map<Integer, Group> groups = new HashMap<>();
    private final List<Integer> groupOrder = new ArrayList<>();
    private final Uses uses;
    private final int number;

    TracedCache(Tracer tracer, CacheArgument real, ScriptTypes types, Uses uses, int number) {
        super(tracer, real);
        this.tracer = tracer;
        this.types = types;
        this.uses = uses;
        this.number = number;
        for (Slot slot : real.slots()) {
            int group = real.group(slot);
            if (!groups.containsKey(group)) {
                Value at = past().isRagged() ? Tracer.valueOf(past()) : tracer.number();
                groups.put(group, new Group(tracer.number(), at));
                groupOrder.add(group);
            }
            add(new TracedSlot(layers(), slot));
        }
    }

    /** The groups whose numbers {@code at} and {@code from} follow the past, in this order. */
    List<Integer> groups() {
        return groupOrder;
    }

    private final class TracedSlot extends RecordedSlot {
        private final int index;

        TracedSlot(int index, Slot slot) {
            super(slot);
            this.index = index;
        }

        @Override
        NDList appended(NDArray keys, NDArray values) {
            uses.all.add(
                    new Use(number, index, dims(keys), dims(values), keys.getDataType(), true));
            return new NDList(appended(keys), appended(values));
        }

        private NDArray appended(NDArray next) {
            Group group = group(next.getShape().get(2));
            List<Dim> dims = dims(next);
            TracedArray buffer = buffer(dims, next.getDataType());
            List<Dim> visible = List.of(dims.get(0), dims.get(1), group.visible, dims.get(3));
            return past().isRagged()
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
            Group group = groups.get(real().group(slot()));
            if (group == null) {
                throw new IllegalStateException("no group of " + policy());
            }
            if (group.visible.isConstant()) {
                group.visible = Dim.variable(real().past().longest() + steps);
            }
            return group;
        }

        private TracedArray buffer(List<Dim> like, DataType type) {
            Dim capacity = Dim.variable(real().past().longest() + 1);
            TracedArray buffer =
                    tracer.input(List.of(like.get(0), like.get(1), capacity, like.get(3)), type);
            uses.buffers.add(buffer.value());
            return buffer;
        }

        @Override
        NDList held(NDArray keys, NDArray values) {
            DataType type = types.held(keys.getDataType());
            uses.all.add(new Use(number, index, List.of(), List.of(), type, false));
            return new NDList(held(keys), held(values));
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

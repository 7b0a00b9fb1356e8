package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Tracer;
import io.github.djlblocks.graph.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A cache while a method of a file is recorded. What is held are elements of one list of tensors,
 * which the method is given and gives back changed, or which the module keeps.
 */
final class FileCache extends RecordedCache {

    /**
     * What a slot holds.
     *
     * @param policy how
     * @param keys the shape of its keys; -1 for batch and length
     * @param values the shape of its values
     * @param type of both
     */
    record Held(CachePolicy policy, List<Long> keys, List<Long> values, DataType type) {}

    /** The room of slots of one policy, as a number of the call. */
    record Room(CachePolicy policy, Value plan) {}

    private final Tracer tracer;
    private final CacheForm form;
    private final int firstSlot;
    private final List<FileSlot> slots = new ArrayList<>();
    private final Map<CachePolicy, Room> rooms = new HashMap<>();
    private final List<Room> roomOrder = new ArrayList<>();
    private @Nullable Dim steps;
    private final Map<CachePolicy, Dim> visible = new HashMap<>();

    /**
     * Begins.
     *
     * @param firstSlot how many slots other caches of the method have before its own
     */
    FileCache(Tracer tracer, CacheArgument real, CacheForm form, int firstSlot) {
        super(tracer, evenly(real));
        this.tracer = tracer;
        this.form = form;
        this.firstSlot = firstSlot;
        for (Slot slot : real.slots()) {
            CachePolicy policy = slot.policy();
            require(policy);
            if (isRoom(policy) && !rooms.containsKey(policy)) {
                Room room = new Room(policy, tracer.number());
                rooms.put(policy, room);
                roomOrder.add(room);
            }
            FileSlot own = new FileSlot(firstSlot + slots.size(), slot);
            slots.add(own);
            add(own);
        }
    }

    private static CacheArgument evenly(CacheArgument real) {
        if (real.past().isRagged()) {
            throw new UnsupportedOperationException(
                    "rows of its cache differ in length, which a file does not know: give an empty"
                            + " cache, and pad on the left");
        }
        return real;
    }

    private void require(CachePolicy policy) {
        if (policy.kind() == CachePolicy.Kind.ROLLING && form == CacheForm.ARGUMENTS) {
            throw new UnsupportedOperationException(
                    "a rolling cache as arguments does not say how many tokens have passed: export"
                            + " it as CacheForm.STATE, or a growing one");
        }
        if (policy.kind() == CachePolicy.Kind.ROLLING && policy.prefix() > 0) {
            throw new UnsupportedOperationException(
                    "a rolling cache in a file has no prefix, and this one keeps the first "
                            + policy.prefix()
                            + " tokens: export a growing one");
        }
        if (policy.kind() == CachePolicy.Kind.PREALLOCATED) {
            throw new UnsupportedOperationException(
                    "a preallocated cache has a capacity, and those of a file grow: export a"
                            + " growing one, and give the limit as optContextLength");
        }
    }

    private boolean isRoom(CachePolicy policy) {
        return form == CacheForm.STATE && !isMemory(policy);
    }

    /** How many tokens have passed, as a number of the call. */
    Value passed() {
        return Tracer.valueOf(past());
    }

    int firstSlot() {
        return firstSlot;
    }

    /** Whether it is of memories alone. */
    boolean isMemory() {
        return real().slots().stream().allMatch(slot -> isMemory(slot.policy()));
    }

    List<Room> rooms() {
        return roomOrder;
    }

    /** How many tokens the call brings; null if nothing was appended. */
    @Nullable Dim steps() {
        return steps;
    }

    /** What each slot holds, as far as it was used. */
    List<@Nullable Held> held() {
        List<@Nullable Held> held = new ArrayList<>();
        slots.forEach(slot -> held.add(slot.held));
        return held;
    }

    private final class FileSlot extends RecordedSlot {
        private final int index;
        private @Nullable Held held;

        FileSlot(int index, Slot slot) {
            super(slot);
            this.index = index;
        }

        @Override
        NDList appended(NDArray keys, NDArray values) {
            hold(keys, values);
            return new NDList(appended(keys, 2 * index), appended(values, 2 * index + 1));
        }

        private void hold(NDArray keys, NDArray values) {
            held =
                    new Held(
                            policy(),
                            shape(keys.getShape()),
                            shape(values.getShape()),
                            keys.getDataType());
        }

        private NDArray appended(NDArray next, int place) {
            List<Dim> dims = dims(next);
            DataType type = next.getDataType();
            Room room = rooms.get(policy());
            if (isMemory(policy())) {
                return tracer.call("keepWhole", false, dims, type, place, next);
            }
            List<Dim> all = List.of(dims.get(0), dims.get(1), visible(dims.get(2)), dims.get(3));
            return room == null
                    ? tracer.call("keepPast", false, all, type, place, next)
                    : tracer.call("keepRoom", false, all, type, place, next, room.plan());
        }

        private Dim visible(Dim next) {
            if (steps == null) {
                steps = next;
            }
            // Slots of one policy hold as much.
            return visible.computeIfAbsent(
                    policy(), key -> Dim.variable(real().past().longest() + next.hint()));
        }

        @Override
        NDList held(NDArray keys, NDArray values) {
            hold(keys, values);
            DataType type = keys.getDataType();
            Dim length = Dim.variable(keys.getShape().get(2));
            return new NDList(
                    kept(keys.getShape(), length, type, 2 * index),
                    kept(values.getShape(), length, type, 2 * index + 1));
        }

        private NDArray kept(Shape shape, Dim length, DataType type, int place) {
            List<Dim> dims =
                    List.of(
                            Dim.symbol(shape.get(0)),
                            Dim.of(shape.get(1)),
                            length,
                            Dim.of(shape.get(3)));
            return tracer.call("keptWhole", true, dims, type, place, type);
        }

        private static List<Long> shape(Shape shape) {
            return List.of(-1L, shape.get(1), -1L, shape.get(3));
        }
    }
}

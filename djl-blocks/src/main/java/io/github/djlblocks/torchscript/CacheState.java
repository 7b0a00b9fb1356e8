package io.github.djlblocks.torchscript;

import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.graph.Dim;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The caches that a module holds between calls: a list of tensors, how many tokens have passed, and
 * of the slots of each policy where the last token lies and how much there is room for.
 */
final class CacheState {

    /** The method that empties it. */
    static final String RESET = "reset";

    /** The method that takes other rows of the batch. */
    static final String REORDER = "reorder";

    /** The function that does. */
    static final String REORDERED = "reordered";

    private final String tensors;
    private final String length;
    private final String rooms;
    private final List<FileCache.@Nullable Held> slots = new ArrayList<>();
    private final List<CachePolicy> policies = new ArrayList<>();
    private String first = "";

    CacheState(String tensors) {
        this.tensors = tensors;
        length = tensors + "_length";
        rooms = tensors + "_rooms";
    }

    /** What it holds, as far as methods used it. */
    List<FileCache.@Nullable Held> slots() {
        return slots;
    }

    boolean isUsed() {
        return !slots.isEmpty();
    }

    /** Takes the caches of a method, which must be those of the methods before it. */
    private void add(String method, List<FileCache> caches) {
        List<FileCache.@Nullable Held> held = new ArrayList<>();
        List<CachePolicy> order = new ArrayList<>();
        for (FileCache cache : caches) {
            held.addAll(cache.held());
            cache.rooms().forEach(room -> order.add(room.policy()));
        }
        if (slots.isEmpty()) {
            slots.addAll(held);
            policies.addAll(order);
            first = method;
            return;
        }
        boolean same = slots.size() == held.size() && policies.equals(order);
        for (int i = 0; same && i < held.size(); i++) {
            FileCache.Held known = slots.get(i);
            FileCache.Held other = held.get(i);
            same = known == null || other == null || known.equals(other);
            slots.set(i, known == null ? other : known);
        }
        if (!same) {
            throw new UnsupportedOperationException(
                    "methods "
                            + first
                            + " and "
                            + method
                            + " hold different caches, and a module has one state: give them"
                            + " caches of the same policies, and the same blocks");
        }
    }

    /** Prints what a method does before it computes. */
    void begin(RecordedMethod recorded, ScriptWriter out) {
        add(recorded.name(), recorded.caches());
        if (recorded.method().startsAnew()) {
            out.line(out.temporary() + " = (self)." + RESET + "()");
        }
        ScriptWriter.Code held = ScriptWriter.code("self." + tensors);
        int count = 2 * recorded.slots();
        out.line(CacheEmitters.LIST + " = " + out.call("slots", held, count));
        int group = 0;
        for (FileCache cache : recorded.caches()) {
            if (cache.isMemory()) {
                CacheEmitters.passed(cache, out);
            } else {
                out.assign(cache.passed(), "self." + length);
            }
            for (FileCache.Room room : cache.rooms()) {
                int window = room.policy().window();
                String keep = out.text(cache.passed());
                out.assign(
                        room.plan(),
                        out.call(
                                "room_plan",
                                ScriptWriter.code("self." + rooms),
                                group++,
                                ScriptWriter.code(
                                        window == 0
                                                ? keep
                                                : "min("
                                                        + keep
                                                        + ", "
                                                        + Math.max(1, window - 1)
                                                        + ")"),
                                steps(recorded, cache)));
            }
        }
    }

    private static Dim steps(RecordedMethod recorded, FileCache cache) {
        if (cache.steps() == null) {
            throw new UnsupportedOperationException(
                    "method "
                            + recorded.name()
                            + " is given a cache that it appends nothing to: give it none");
        }
        return cache.steps();
    }

    /** Prints what it does with what it computed. */
    void end(List<FileCache> caches, ScriptWriter out) {
        out.line("self." + tensors + " = " + CacheEmitters.LIST);
        List<String> ends = new ArrayList<>();
        for (FileCache cache : caches) {
            if (cache.steps() != null && !cache.isMemory()) {
                String steps = out.text(cache.steps());
                out.line("self." + length + " = " + out.text(cache.passed()) + " + " + steps);
                for (FileCache.Room room : cache.rooms()) {
                    String plan = out.text(room.plan());
                    ends.add(plan + "[2] + " + plan + "[1] + " + steps + ", " + plan + "[3]");
                }
            }
        }
        if (!ends.isEmpty()) {
            out.line("self." + rooms + " = [" + String.join(", ", ends) + "]");
        }
    }

    /** Adds the attributes, empty, and what empties and reorders them. */
    void addTo(ModuleNode.Builder root, String className, String reordered) {
        root.addTensors(tensors, List.of());
        root.addInteger(length, 0);
        root.addIntegers(rooms, List.of());
        root.addMethod(
                "def %s(self: %s) -> NoneType:\n".formatted(RESET, className)
                        + "  self.%s = annotate(List[Tensor], [])\n".formatted(tensors)
                        + "  self.%s = 0\n".formatted(length)
                        + "  self.%s = annotate(List[int], [])\n".formatted(rooms)
                        + "  return None\n");
        root.addMethod(
                "def %s(self: %s, rows: Tensor) -> NoneType:\n".formatted(REORDER, className)
                        + "  self.%s = %s(self.%s, rows)\n".formatted(tensors, reordered, tensors)
                        + "  return None\n");
    }
}

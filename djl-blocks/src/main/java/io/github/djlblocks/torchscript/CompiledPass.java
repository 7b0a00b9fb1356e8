package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import io.github.djlblocks.attention.CacheRoom;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.Past;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One computation, ready to run: a module, its tensors, and where the arguments go. Closed, it is
 * freed behind the last call that is in it.
 */
final class CompiledPass implements AutoCloseable {

    private final ScriptModule module;
    private final PassWeights weights;
    private final ScriptTypes types;
    private final List<List<Integer>> groups;
    private final List<TracedCache.Use> uses;
    private final Map<Value, Integer> inputs;
    private final CallGate calls = new CallGate(this::free);

    CompiledPass(
            ScriptModule module,
            PassWeights weights,
            ScriptTypes types,
            List<TracedCache> caches,
            TracedCache.Uses uses,
            List<Value> inputs) {
        this.module = module;
        this.weights = weights;
        this.types = types;
        groups = caches.stream().map(TracedCache::groups).toList();
        this.uses = List.copyOf(uses.all());
        this.inputs = new HashMap<>();
        for (Value input : inputs) {
            this.inputs.put(input, this.inputs.size());
        }
        for (TracedCache.Use use : this.uses) {
            use.keys().forEach(this::requireKnown);
        }
    }

    private void requireKnown(Dim dim) {
        if (!dim.isConstant() && !inputs.containsKey(dim.origin())) {
            throw new UnsupportedOperationException(
                    "what is cached has an axis " + dim + " that no input has");
        }
    }

    /**
     * Runs it. A cache holds the new tokens afterwards, or if it fails what it held before.
     *
     * @return the results, or null if it was closed before
     */
    @Nullable NDList run(PtNDManager manager, PassArguments arguments) {
        if (!calls.enter()) {
            return null;
        }
        try {
            return inside(manager, arguments);
        } finally {
            calls.leave();
        }
    }

    private NDList inside(PtNDManager manager, PassArguments arguments) {
        List<NDArray> arrays = new ArrayList<>(arguments.arrays());
        List<CacheArgument> caches = arguments.caches();
        try (NDManager own = manager.newSubManager()) {
            for (CacheArgument cache : caches) {
                if (cache.past().isRagged()) {
                    arrays.add(own.create(cache.past().lengths()));
                }
            }
            Map<List<Integer>, Room> rooms = new HashMap<>();
            List<Runnable> advances = new ArrayList<>();
            for (TracedCache.Use use : uses) {
                CacheArgument cache = caches.get(use.cache());
                KeyValueCache.Slot slot = cache.slots().get(use.slot());
                Room room = use.written() ? reserve(slot, use, arguments) : held(slot, arguments);
                arrays.add(room.keys());
                arrays.add(room.values());
                Room other = rooms.put(List.of(use.cache(), cache.group(slot)), room);
                if (other != null && !room.isLike(other)) {
                    throw new UnsupportedOperationException(
                            "the layers of the cache lie differently in their buffers");
                }
                if (use.written()) {
                    long steps = extent(use.keys().get(2), arguments);
                    advances.add(() -> slot.advance(steps));
                }
            }
            long[] numbers = numbers(caches, rooms);
            NDList outputs;
            try (PassWeights.Lease lease = weights.lease()) {
                outputs = module.run(manager, arrays, numbers, lease.tensors(), lease.packed());
            }
            advances.forEach(Runnable::run);
            return outputs;
        }
    }

    private long[] numbers(List<CacheArgument> caches, Map<List<Integer>, Room> rooms) {
        List<Long> numbers = new ArrayList<>();
        for (int cache = 0; cache < caches.size(); cache++) {
            Past past = caches.get(cache).past();
            if (!past.isRagged()) {
                numbers.add(past.longest());
            }
            for (Integer group : groups.get(cache)) {
                Room room = rooms.get(List.of(cache, group));
                if (!past.isRagged()) {
                    numbers.add(room == null ? 0 : room.at().longest());
                }
                numbers.add(room == null ? 0 : room.from());
            }
        }
        return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    private record Room(NDArray keys, NDArray values, long from, Past at) {
        boolean isLike(Room other) {
            return from == other.from() && Arrays.equals(at.lengths(), other.at().lengths());
        }
    }

    private Room reserve(KeyValueCache.Slot slot, TracedCache.Use use, PassArguments arguments) {
        // bfloat16 has no name on this side: its bits travel as those of FLOAT16.
        DataType type = types.converts(use.type()) ? DataType.FLOAT16 : use.type();
        CacheRoom room =
                slot.reserve(shape(use.keys(), arguments), shape(use.values(), arguments), type);
        return new Room(room.keys(), room.values(), room.from(), room.at());
    }

    /** A memory that is held; it must be that of the inputs, which are not looked at again. */
    private static Room held(KeyValueCache.Slot slot, PassArguments arguments) {
        NDList content = slot.content();
        NDArray keys = content.get(0);
        NDList inputs = arguments.inputs();
        boolean fits = keys.getShape().get(0) == inputs.get(0).getShape().get(0);
        if (inputs.size() > 1 && inputs.get(1).getShape().dimension() == 3) {
            fits = fits && keys.getShape().get(2) == inputs.get(1).getShape().get(1);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "the memory that is held, "
                            + keys.getShape()
                            + ", does not fit the inputs "
                            + Arrays.toString(inputs.getShapes())
                            + ": use one cache per memory");
        }
        return new Room(keys, content.get(1), 0, Past.of(keys.getShape().get(2)));
    }

    private Shape shape(List<Dim> dims, PassArguments arguments) {
        return new Shape(dims.stream().mapToLong(dim -> extent(dim, arguments)).toArray());
    }

    private long extent(Dim dim, PassArguments arguments) {
        if (dim.isConstant()) {
            return dim.hint();
        }
        int input = Objects.requireNonNull(inputs.get(dim.origin()));
        return arguments.arrays().get(input).getShape().get(dim.axis());
    }

    @Override
    public void close() {
        calls.shut();
    }

    private void free() {
        module.close();
        weights.close();
    }
}

package io.github.djlblocks.core;

import ai.djl.nn.Block;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The adapters in a tree of blocks, as they were at some time.
 *
 * @param time how many changes there had been anywhere
 * @param versions of each adapter the newest of its parts: another one of its name has another
 * @param merged those that are merged into the weights
 */
record KnownAdapters(long time, Map<String, Long> versions, Set<String> merged) {

    /** Counts every adapter that is added or removed, merged or unmerged, of any block. */
    private static final AtomicLong CHANGES = new AtomicLong();

    static void changed() {
        CHANGES.incrementAndGet();
    }

    /** Those of a tree, looked for anew only after a change. */
    static KnownAdapters of(Block root, @Nullable KnownAdapters before) {
        long now = CHANGES.get();
        if (before != null && before.time == now) {
            return before;
        }
        KnownAdapters known = new KnownAdapters(now, new TreeMap<>(), new TreeSet<>());
        known.collect(root);
        return known;
    }

    private void collect(Block block) {
        if (block instanceof Linear linear) {
            linear.adapters()
                    .forEach((name, adapter) -> versions.merge(name, adapter.version(), Math::max));
            String name = linear.mergedAdapter();
            if (name != null) {
                merged.add(name);
            }
        }
        block.getChildren().forEach(child -> collect(child.getValue()));
    }

    /** Finds one of these. */
    AdapterChoice choice(String name) {
        Long version = versions.get(name);
        if (version == null) {
            throw new IllegalArgumentException(
                    "there is no adapter '"
                            + name
                            + "' here, but "
                            + (versions.isEmpty() ? "none at all" : versions.keySet())
                            + ": add or load it first, or leave out the param "
                            + AdapterChoice.KEY);
        }
        if (!merged.isEmpty()) {
            throw new IllegalStateException(
                    "adapter '"
                            + name
                            + "' was chosen, but "
                            + merged
                            + " is merged into the weights: unmerge it, or leave out the param "
                            + AdapterChoice.KEY);
        }
        return new AdapterChoice(name, version);
    }
}

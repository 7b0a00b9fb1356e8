package io.github.djlblocks.torchscript;

import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.kernel.Past;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The slots of a cache that a pass is given, or one slot alone. */
final class CacheArgument {

    private final List<KeyValueCache.Slot> slots;
    private final Past past;

    private CacheArgument(List<KeyValueCache.Slot> slots) {
        this.slots = slots;
        past = slots.get(0).past();
        for (KeyValueCache.Slot slot : slots) {
            if (!Arrays.equals(slot.lengths(), past.lengths())) {
                throw new UnsupportedOperationException(
                        "the layers of the cache hold different numbers of tokens");
            }
        }
    }

    static CacheArgument of(KeyValueCache cache) {
        List<KeyValueCache.Slot> slots = new ArrayList<>();
        for (int layer = 0; layer < cache.layers(); layer++) {
            slots.add(cache.slot(layer));
        }
        return new CacheArgument(slots);
    }

    static CacheArgument of(KeyValueCache.Slot slot) {
        return new CacheArgument(List.of(slot));
    }

    List<KeyValueCache.Slot> slots() {
        return slots;
    }

    Past past() {
        return past;
    }

    /** Slots of one policy are a group: they hold as much, from the same step on. */
    int group(KeyValueCache.Slot slot) {
        int first = 0;
        while (!slots.get(first).policy().equals(slot.policy())) {
            first++;
        }
        return first;
    }

    /** What of it the computation depends on besides arrays and numbers. */
    List<Object> structure() {
        List<Object> structure = new ArrayList<>();
        structure.add(past.isRagged());
        for (KeyValueCache.Slot slot : slots) {
            CachePolicy policy = slot.policy();
            structure.add(policy.kind());
            structure.add(policy.window());
            structure.add(policy.prefix());
            structure.add(policy.kind() == CachePolicy.Kind.MEMORY && past.longest() > 0);
            structure.add(group(slot));
        }
        return structure;
    }
}

package io.github.djlblocks.attention;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.djlblocks.internal.NativeScope;
import java.util.ArrayList;
import java.util.List;

/** A cache of slots, one a layer, each by its own policy. */
final class SlottedCache implements KeyValueCache {

    private final NDManager manager;
    private final List<CacheSlot> slots;

    SlottedCache(NDManager parent, List<CachePolicy> policies) {
        if (policies.isEmpty()) {
            throw new IllegalArgumentException("layers (0) must be at least 1");
        }
        manager = parent.newSubManager();
        manager.setName("keyValueCache");
        slots = new ArrayList<>(policies.size());
        for (CachePolicy policy : policies) {
            slots.add(policy.newSlot(new CacheArrays(manager, slots.size())));
        }
    }

    @Override
    public int layers() {
        return slots.size();
    }

    @Override
    public long length() {
        return slots.get(0).length();
    }

    @Override
    public long[] lengths() {
        return slots.get(0).lengths();
    }

    @Override
    public Slot slot(int layer) {
        if (layer < 0 || layer >= slots.size()) {
            throw new IllegalArgumentException(
                    "layer " + layer + " has no slot in a cache of " + slots.size() + " layers");
        }
        return slots.get(layer);
    }

    @Override
    public void truncate(long... lengths) {
        slots.get(0).arrays().requireOpen();
        if (lengths.length == 0) {
            throw new IllegalArgumentException("truncate needs at least one length");
        }
        for (long wanted : lengths) {
            if (wanted < 0 || wanted > length()) {
                throw new IllegalArgumentException(
                        "cannot truncate a cache of " + length() + " tokens to " + wanted);
            }
        }
        slots.forEach(slot -> slot.checkTruncate(lengths));
        slots.forEach(slot -> slot.truncate(lengths));
    }

    @Override
    public void reorder(int... rows) {
        slots.get(0).arrays().requireOpen();
        int batch = slots.get(0).arrays().rows();
        if (rows.length == 0) {
            throw new IllegalArgumentException("reorder needs at least one row");
        }
        for (int row : rows) {
            if (batch > 0 && (row < 0 || row >= batch)) {
                throw new IllegalArgumentException(
                        "there is no row "
                                + row
                                + " in a cache of "
                                + batch
                                + " rows: they count from 0 to "
                                + (batch - 1));
            }
        }
        List<NDList> selected = new ArrayList<>();
        for (CacheSlot slot : slots) {
            selected.add(NativeScope.run(new NDList(), () -> slot.selected(rows)));
        }
        for (int layer = 0; layer < slots.size(); layer++) {
            if (!selected.get(layer).isEmpty()) {
                slots.get(layer).reorder(selected.get(layer), rows);
            }
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}

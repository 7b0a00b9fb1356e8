package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;

/** A cache that appends by concatenation: simple, differentiable, a copy of the past per token. */
final class GrowingKeyValueCache implements KeyValueCache {

    private final NDManager manager;
    private final List<GrowingSlot> slots;

    GrowingKeyValueCache(NDManager parent, int layers) {
        Checks.positive("layers", layers);
        manager = parent.newSubManager();
        manager.setName("keyValueCache");
        slots = new ArrayList<>(layers);
        for (int layer = 0; layer < layers; layer++) {
            slots.add(new GrowingSlot(layer));
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
    public Slot slot(int layer) {
        if (layer < 0 || layer >= slots.size()) {
            throw new IllegalArgumentException(
                    "layer " + layer + " has no slot in a cache of " + slots.size() + " layers");
        }
        return slots.get(layer);
    }

    @Override
    public void truncate(long length) {
        if (length < 0 || length > length()) {
            throw new IllegalArgumentException(
                    "cannot truncate a cache of " + length() + " tokens to " + length);
        }
        slots.forEach(slot -> slot.truncate(length));
    }

    @Override
    public void close() {
        manager.close();
    }

    private final class GrowingSlot implements Slot {

        private final int layer;
        private NDList content = new NDList();

        private GrowingSlot(int layer) {
            this.layer = layer;
        }

        @Override
        public long length() {
            return content.isEmpty() ? 0 : content.get(0).getShape().get(2);
        }

        @Override
        public NDList content() {
            return new NDList(content);
        }

        @Override
        public NDList append(NDArray keys, NDArray values) {
            if (!manager.isOpen()) {
                throw new IllegalStateException("the key/value cache is closed: make a new one");
            }
            check("keys", keys, 0);
            check("values", values, 1);
            Kernels kernels = Kernels.of(keys);
            NDList next =
                    content.isEmpty()
                            ? new NDList(keys, values)
                            : new NDList(
                                    kernels.appendTime(content.get(0), keys),
                                    kernels.appendTime(content.get(1), values));
            replace(next);
            return content();
        }

        private void truncate(long length) {
            if (length == 0) {
                replace(new NDList());
            } else if (length < length()) {
                Kernels kernels = Kernels.of(content.get(0));
                replace(
                        new NDList(
                                kernels.truncateTime(content.get(0), length),
                                kernels.truncateTime(content.get(1), length)));
            }
        }

        private void replace(NDList next) {
            for (NDArray array : next) {
                NativeScope.keep(array).attach(manager);
            }
            NDList previous = content;
            content = next;
            previous.close();
        }

        private void check(String what, NDArray next, int index) {
            if (content.isEmpty()) {
                return;
            }
            NDArray held = content.get(index);
            Shape a = held.getShape();
            Shape b = next.getShape();
            if (a.get(0) != b.get(0) || a.get(1) != b.get(1) || a.get(3) != b.get(3)) {
                throw new IllegalArgumentException(
                        what
                                + " of shape "
                                + b
                                + " do not continue the "
                                + a
                                + " held for layer "
                                + layer
                                + ": batch, heads and channels must be the same; use one cache per"
                                + " batch");
            }
            if (held.getDataType() != next.getDataType()) {
                throw new IllegalArgumentException(
                        what
                                + " are "
                                + next.getDataType()
                                + " but the cache of layer "
                                + layer
                                + " holds "
                                + held.getDataType());
            }
        }
    }
}

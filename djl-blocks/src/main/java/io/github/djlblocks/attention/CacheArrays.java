package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.NativeScope;

/** Two arrays of one layer, keys and values, that live as long as the cache. */
final class CacheArrays {

    private final NDManager manager;
    private final int layer;
    private NDList content = new NDList();

    CacheArrays(NDManager manager, int layer) {
        this.manager = manager;
        this.layer = layer;
    }

    int layer() {
        return layer;
    }

    boolean isEmpty() {
        return content.isEmpty();
    }

    NDArray keys() {
        return content.get(0);
    }

    NDArray values() {
        return content.get(1);
    }

    /** The steps the arrays have, 0 if there are none. */
    long steps() {
        return isEmpty() ? 0 : keys().getShape().get(2);
    }

    int rows() {
        return isEmpty() ? 0 : Math.toIntExact(keys().getShape().get(0));
    }

    NDList toList() {
        requireOpen();
        return new NDList(content);
    }

    /** Closes what was held and holds something else, or nothing. */
    void replace(NDList next) {
        for (NDArray array : next) {
            NativeScope.keep(array).attach(manager);
        }
        NDList previous = content;
        content = next;
        previous.close();
    }

    /** Refuses whatever comes after the end. */
    void requireOpen() {
        if (!manager.isOpen()) {
            throw new IllegalStateException("the key/value cache is closed: make a new one");
        }
    }

    /** Refuses what does not continue the arrays held. */
    void check(NDArray keys, NDArray values) {
        requireOpen();
        Shape k = keys.getShape();
        Shape v = values.getShape();
        if (k.get(0) != v.get(0) || k.get(2) != v.get(2)) {
            throw new IllegalArgumentException(
                    "keys of shape "
                            + k
                            + " and values of shape "
                            + v
                            + " for layer "
                            + layer
                            + " must have the same batch and length");
        }
        if (!isEmpty()) {
            check("keys", keys(), keys);
            check("values", values(), values);
        }
    }

    private void check(String what, NDArray held, NDArray next) {
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

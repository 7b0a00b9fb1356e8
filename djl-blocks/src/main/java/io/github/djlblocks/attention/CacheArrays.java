package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;

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

    /**
     * Makes the arrays as long as wanted, with a range of the steps held in front.
     *
     * @param from the first step to keep
     * @param to after the last step to keep
     */
    void resize(Shape keys, Shape values, DataType type, long capacity, long from, long to) {
        replace(
                NativeScope.run(
                        new NDList(),
                        () ->
                                new NDList(
                                        resized(0, keys, type, capacity, from, to),
                                        resized(1, values, type, capacity, from, to))));
    }

    private NDArray resized(
            int which, Shape like, DataType type, long capacity, long from, long to) {
        Shape room = new Shape(like.get(0), like.get(1), capacity, like.get(3));
        NDArray buffer = manager.zeros(room, type);
        if (to > from) {
            Kernels kernels = Kernels.of(buffer);
            kernels.writeTime(buffer, kernels.sliceTime(content.get(which), from, to), 0);
        }
        return buffer;
    }

    /** Refuses what does not continue the arrays held. */
    void check(NDArray keys, NDArray values) {
        check(keys.getShape(), values.getShape(), keys.getDataType(), values.getDataType());
    }

    /** Refuses what does not continue the arrays held. */
    void check(Shape k, Shape v, DataType keyType, DataType valueType) {
        requireOpen();
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
            check("keys", keys(), k, keyType);
            check("values", values(), v, valueType);
        }
    }

    private void check(String what, NDArray held, Shape b, DataType type) {
        Shape a = held.getShape();
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
        if (held.getDataType() != type) {
            throw new IllegalArgumentException(
                    what
                            + " are "
                            + type
                            + " but the cache of layer "
                            + layer
                            + " holds "
                            + held.getDataType());
        }
    }
}

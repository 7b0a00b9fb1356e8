package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;

/** A slot that appends by concatenation; one of a memory takes no second part. */
final class GrowingSlot extends CacheSlot {

    /** Steps that a cache written in place grows by at least. */
    private static final long STRIDE = 64;

    /** What lies behind it in the arrays means nothing. */
    private long length;

    GrowingSlot(CachePolicy policy, CacheArrays arrays) {
        super(policy, arrays);
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public NDList content() {
        arrays().requireOpen();
        trim(length);
        return arrays().toList();
    }

    @Override
    public NDList append(NDArray keys, NDArray values) {
        CacheArrays held = arrays();
        trim(length);
        held.check(keys, values);
        long steps = keys.getShape().get(2);
        if (length == 0) {
            held.replace(new NDList(keys, values));
        } else {
            requireNoMemory();
            Kernels kernels = Kernels.of(keys);
            held.replace(
                    new NDList(
                            kernels.appendTime(held.keys(), keys),
                            kernels.appendTime(held.values(), values)));
        }
        length += steps;
        return held.toList();
    }

    @Override
    public CacheRoom reserve(Shape keys, Shape values, DataType type) {
        CacheArrays held = arrays();
        if (length == 0) {
            held.replace(new NDList());
        }
        held.check(keys, values, type, type);
        long needed = length + keys.get(2);
        if (length > 0) {
            requireNoMemory();
        }
        if (needed > held.steps()) {
            boolean once = policy().kind() == CachePolicy.Kind.MEMORY;
            long more = Math.max(needed, held.steps() + Math.max(held.steps() / 2, STRIDE));
            held.resize(keys, values, type, once ? needed : more, 0, length);
        }
        return new CacheRoom(held.keys(), held.values(), 0, Past.of(length));
    }

    @Override
    public void advance(long steps) {
        length += steps;
    }

    private void requireNoMemory() {
        if (policy().kind() == CachePolicy.Kind.MEMORY) {
            throw new IllegalStateException(
                    "the memory of layer "
                            + arrays().layer()
                            + " is in the cache already, "
                            + length
                            + " tokens: one cache serves one memory");
        }
    }

    @Override
    void truncate(long... lengths) {
        length = Math.min(lengths[0], length);
        if (length == 0) {
            trim(length);
        }
        // Else the room stays: guesses that were wrong are written over in place.
    }
}

package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.kernel.Kernels;

/** A slot as its cache sees it. */
abstract class CacheSlot implements KeyValueCache.Slot {

    private final CachePolicy policy;
    private final CacheArrays arrays;

    CacheSlot(CachePolicy policy, CacheArrays arrays) {
        this.policy = policy;
        this.arrays = arrays;
    }

    @Override
    public final CachePolicy policy() {
        return policy;
    }

    @Override
    public long[] lengths() {
        return new long[] {length()};
    }

    final CacheArrays arrays() {
        return arrays;
    }

    /** Refuses lengths this slot cannot be cut to; changes nothing. */
    void checkTruncate(long... lengths) {
        if (lengths.length > 1) {
            throw new IllegalArgumentException(
                    "rows of a "
                            + policy.kind()
                            + " cache have one length, got "
                            + lengths.length
                            + ": use KeyValueCache.preallocated");
        }
    }

    /** Cuts what is longer; the lengths have been checked. */
    abstract void truncate(long... lengths);

    /** The arrays with other rows, not yet held. */
    final NDList selected(int... rows) {
        NDList selected = new NDList();
        for (NDArray array : arrays.toList()) {
            selected.add(Kernels.of(array).selectRows(array, rows));
        }
        return selected;
    }

    /** Holds the selected arrays. */
    void reorder(NDList selected, int... rows) {
        arrays.replace(selected);
    }

    /** Keeps the first steps of arrays that have more. */
    final void trim(long steps) {
        if (steps == 0) {
            arrays.replace(new NDList());
        } else if (steps < arrays.steps()) {
            Kernels kernels = Kernels.of(arrays.keys());
            arrays.replace(
                    new NDList(
                            kernels.sliceTime(arrays.keys(), 0, steps),
                            kernels.sliceTime(arrays.values(), 0, steps)));
        }
    }
}

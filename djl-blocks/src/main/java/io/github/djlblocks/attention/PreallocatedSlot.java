package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.kernel.Kernels;
import java.util.Arrays;

/** A slot that writes into room made once; rows may have different lengths. */
final class PreallocatedSlot extends CacheSlot {

    /** Of each row; what lies behind it in the room means nothing. */
    private long[] lengths = {0};

    PreallocatedSlot(CachePolicy policy, CacheArrays arrays) {
        super(policy, arrays);
    }

    @Override
    public long length() {
        return Arrays.stream(lengths).max().orElse(0);
    }

    @Override
    public long[] lengths() {
        boolean same = Arrays.stream(lengths).distinct().count() == 1;
        return same ? new long[] {lengths[0]} : lengths.clone();
    }

    @Override
    public NDList append(NDArray keys, NDArray values) {
        CacheArrays held = arrays();
        held.check(keys, values);
        long steps = keys.getShape().get(2);
        if (length() + steps > policy().capacity()) {
            throw new IllegalStateException(
                    "a cache of capacity "
                            + policy().capacity()
                            + " that holds "
                            + length()
                            + " tokens of layer "
                            + held.layer()
                            + " has no room for "
                            + steps
                            + " more: make it larger, or use a rolling cache where attention has a"
                            + " window");
        }
        Kernels kernels = Kernels.of(keys);
        if (held.isEmpty()) {
            held.replace(
                    new NDList(
                            kernels.newTimeBuffer(keys, policy().capacity()),
                            kernels.newTimeBuffer(values, policy().capacity())));
        }
        if (lengths.length != held.rows()) {
            long[] rows = new long[held.rows()];
            Arrays.fill(rows, lengths[0]);
            lengths = rows;
        }
        kernels.writeTime(held.keys(), keys, lengths);
        kernels.writeTime(held.values(), values, lengths);
        lengths = Arrays.stream(lengths).map(length -> length + steps).toArray();
        return content();
    }

    @Override
    public NDList content() {
        arrays().requireOpen();
        long length = length();
        if (length == 0) {
            return new NDList();
        }
        Kernels kernels = Kernels.of(arrays().keys());
        return new NDList(
                kernels.sliceTime(arrays().keys(), 0, length),
                kernels.sliceTime(arrays().values(), 0, length));
    }

    @Override
    void checkTruncate(long... wanted) {
        if (wanted.length > 1 && !arrays().isEmpty() && wanted.length != arrays().rows()) {
            throw new IllegalArgumentException(
                    wanted.length
                            + " lengths for a cache of "
                            + arrays().rows()
                            + " rows: give one number, or one for each row");
        }
    }

    @Override
    void truncate(long... wanted) {
        for (int row = 0; row < lengths.length; row++) {
            lengths[row] = Math.min(lengths[row], wanted.length == 1 ? wanted[0] : wanted[row]);
        }
        if (length() == 0) {
            // Another batch may follow.
            arrays().replace(new NDList());
            lengths = new long[] {0};
        }
    }

    @Override
    void reorder(NDList selected, int... rows) {
        long[] old = lengths;
        lengths = Arrays.stream(rows).mapToLong(row -> old[row]).toArray();
        super.reorder(selected, rows);
    }
}

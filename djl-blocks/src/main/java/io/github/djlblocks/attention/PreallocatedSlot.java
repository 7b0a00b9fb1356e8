package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import java.util.Arrays;

/** A slot that writes into room made once; rows may have different lengths. */
final class PreallocatedSlot extends CacheSlot {

    /** Of each row; what lies behind it in the room means nothing. */
    private long[] lengths = {0};

    /** What was handed out since the last change; closed by then, unless a scope did it. */
    private final NDList views = new NDList();

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
        if (length() == 0) {
            held.replace(new NDList());
        }
        held.check(keys, values);
        long steps = keys.getShape().get(2);
        requireRoom(steps);
        closeViews();
        NativeScope.run(new NDList(), () -> write(held, keys, values));
        lengths = Arrays.stream(lengths).map(length -> length + steps).toArray();
        return content();
    }

    @Override
    public CacheRoom reserve(Shape keys, Shape values, DataType type) {
        CacheArrays held = arrays();
        if (length() == 0) {
            held.replace(new NDList());
            lengths = new long[] {0};
        }
        held.check(keys, values, type, type);
        requireRoom(keys.get(2));
        if (held.isEmpty()) {
            held.resize(keys, values, type, policy().capacity(), 0, 0);
        }
        countRows();
        return new CacheRoom(held.keys(), held.values(), 0, Past.of(lengths()));
    }

    @Override
    public void advance(long steps) {
        closeViews();
        lengths = Arrays.stream(lengths).map(length -> length + steps).toArray();
    }

    private void requireRoom(long steps) {
        if (length() + steps > policy().capacity()) {
            throw new IllegalStateException(
                    "a cache of capacity "
                            + policy().capacity()
                            + " that holds "
                            + length()
                            + " tokens of layer "
                            + arrays().layer()
                            + " has no room for "
                            + steps
                            + " more: make it larger, or use a rolling cache where attention has a"
                            + " window");
        }
    }

    /** Writes behind what every row has, into room made for it before. */
    private NDList write(CacheArrays held, NDArray keys, NDArray values) {
        Kernels kernels = Kernels.of(keys);
        if (held.isEmpty()) {
            held.replace(
                    new NDList(
                            kernels.newTimeBuffer(keys, policy().capacity()),
                            kernels.newTimeBuffer(values, policy().capacity())));
        }
        countRows();
        kernels.writeTime(held.keys(), keys, lengths);
        kernels.writeTime(held.values(), values, lengths);
        return new NDList();
    }

    /** One length for each row, so that each may be cut on its own. */
    private void countRows() {
        int rows = arrays().rows();
        if (lengths.length != rows) {
            long length = lengths[0];
            lengths = new long[rows];
            Arrays.fill(lengths, length);
        }
    }

    @Override
    public NDList content() {
        arrays().requireOpen();
        long length = length();
        if (length == 0) {
            return new NDList();
        }
        if (!views.isEmpty() && !views.get(0).isReleased()) {
            return new NDList(views);
        }
        views.clear();
        Kernels kernels = Kernels.of(arrays().keys());
        NDList content =
                new NDList(
                        kernels.sliceTime(arrays().keys(), 0, length),
                        kernels.sliceTime(arrays().values(), 0, length));
        views.addAll(content);
        return content;
    }

    private void closeViews() {
        views.close();
        views.clear();
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
        closeViews();
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
        closeViews();
        long[] old = lengths;
        lengths = Arrays.stream(rows).mapToLong(row -> old[row]).toArray();
        super.reorder(selected, rows);
    }
}

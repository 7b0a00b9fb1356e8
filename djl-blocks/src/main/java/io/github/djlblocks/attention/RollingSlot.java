package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;

/**
 * A slot that keeps the last tokens a window sees, and the first ones if told so.
 *
 * <p>It forgets when new tokens come, not after: so the pass that brought the last ones can be
 * taken back.
 */
final class RollingSlot extends CacheSlot {

    private long length;

    /** Steps of the arrays that are held; what lies behind them means nothing. */
    private long held;

    RollingSlot(CachePolicy policy, CacheArrays arrays) {
        super(policy, arrays);
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public NDList content() {
        arrays().requireOpen();
        trim(held);
        return arrays().toList();
    }

    @Override
    public NDList append(NDArray keys, NDArray values) {
        CacheArrays arrays = arrays();
        trim(held);
        arrays.check(keys, values);
        if (arrays.isEmpty()) {
            arrays.replace(new NDList(keys, values));
        } else {
            arrays.replace(
                    NativeScope.run(
                            new NDList(),
                            () ->
                                    new NDList(
                                            next(arrays.keys(), keys),
                                            next(arrays.values(), values))));
        }
        length += keys.getShape().get(2);
        held = arrays.steps();
        return content();
    }

    /**
     * Room for twice the window: once in a window's length what is still needed moves to the front.
     * With a prefix the queries are shown what lies between it and the window, too, which the
     * window of the attention hides.
     */
    @Override
    public CacheRoom reserve(Shape keys, Shape values, DataType type) {
        CacheArrays arrays = arrays();
        if (held == 0) {
            arrays.replace(new NDList());
        }
        arrays.check(keys, values, type, type);
        long steps = keys.get(2);
        long kept = Math.min(held, needed(length));
        if (held + steps > arrays.steps()) {
            if (policy().prefix() > 0 && held > kept) {
                keepPrefixAndLast(kept);
                held = kept;
            }
            long slack = Math.max(steps, policy().window());
            arrays.resize(keys, values, type, kept + slack, held - kept, held);
            held = kept;
        }
        long from = policy().prefix() > 0 ? 0 : held - kept;
        return new CacheRoom(arrays.keys(), arrays.values(), from, Past.of(held));
    }

    @Override
    public void advance(long steps) {
        held += steps;
        length += steps;
    }

    /** Takes out what lies between the prefix and the last steps of those to keep. */
    private void keepPrefixAndLast(long kept) {
        long prefix = policy().prefix();
        arrays().replace(
                        NativeScope.run(
                                new NDList(),
                                () -> {
                                    NDList cut = new NDList();
                                    for (NDArray array : arrays().toList()) {
                                        Kernels kernels = Kernels.of(array);
                                        cut.add(
                                                kernels.appendTime(
                                                        kernels.sliceTime(array, 0, prefix),
                                                        kernels.sliceTime(
                                                                array,
                                                                held - kept + prefix,
                                                                held)));
                                    }
                                    return cut;
                                }));
    }

    private NDArray next(NDArray past, NDArray added) {
        Kernels kernels = Kernels.of(added);
        long steps = past.getShape().get(2);
        long surplus = steps - needed(length);
        if (surplus <= 0) {
            return kernels.appendTime(past, added);
        }
        long prefix = policy().prefix();
        NDArray last = kernels.sliceTime(past, prefix + surplus, steps);
        NDArray next = kernels.appendTime(last, added);
        return prefix == 0 ? next : kernels.appendTime(kernels.sliceTime(past, 0, prefix), next);
    }

    /**
     * What a next token needs of those that have passed; a window of one needs none, but keeps one.
     */
    private long needed(long passed) {
        return Math.min(passed, policy().prefix() + Math.max(1, policy().window() - 1));
    }

    @Override
    void checkTruncate(long... lengths) {
        super.checkTruncate(lengths);
        long wanted = Math.min(lengths[0], length);
        long left = held - (length - wanted);
        if (wanted > 0 && left < needed(wanted)) {
            throw new IllegalArgumentException(
                    "a rolling cache of window "
                            + policy().window()
                            + " that has seen "
                            + length
                            + " tokens holds the last "
                            + held
                            + " and cannot go back to "
                            + wanted
                            + ": use a growing or preallocated cache");
        }
    }

    @Override
    void truncate(long... lengths) {
        long wanted = Math.min(lengths[0], length);
        held = wanted == 0 ? 0 : held - (length - wanted);
        trim(held);
        length = wanted;
    }
}

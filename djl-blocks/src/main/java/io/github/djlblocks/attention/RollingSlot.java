package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.kernel.Kernels;

/**
 * A slot that keeps the last tokens a window sees, and the first ones if told so.
 *
 * <p>It forgets when new tokens come, not after: so the pass that brought the last ones can be
 * taken back.
 */
final class RollingSlot extends CacheSlot {

    private long length;

    RollingSlot(CachePolicy policy, CacheArrays arrays) {
        super(policy, arrays);
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public NDList content() {
        return arrays().toList();
    }

    @Override
    public NDList append(NDArray keys, NDArray values) {
        CacheArrays held = arrays();
        held.check(keys, values);
        if (held.isEmpty()) {
            held.replace(new NDList(keys, values));
        } else {
            held.replace(new NDList(next(held.keys(), keys), next(held.values(), values)));
        }
        length += keys.getShape().get(2);
        return content();
    }

    private NDArray next(NDArray held, NDArray added) {
        Kernels kernels = Kernels.of(added);
        long steps = held.getShape().get(2);
        long surplus = steps - needed(length);
        if (surplus <= 0) {
            return kernels.appendTime(held, added);
        }
        long prefix = policy().prefix();
        NDArray last = kernels.sliceTime(held, prefix + surplus, steps);
        NDArray next = kernels.appendTime(last, added);
        return prefix == 0 ? next : kernels.appendTime(kernels.sliceTime(held, 0, prefix), next);
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
        long left = arrays().steps() - (length - wanted);
        if (wanted > 0 && left < needed(wanted)) {
            throw new IllegalArgumentException(
                    "a rolling cache of window "
                            + policy().window()
                            + " that has seen "
                            + length
                            + " tokens holds the last "
                            + arrays().steps()
                            + " and cannot go back to "
                            + wanted
                            + ": use a growing or preallocated cache");
        }
    }

    @Override
    void truncate(long... lengths) {
        long wanted = Math.min(lengths[0], length);
        keepFirst(wanted == 0 ? 0 : arrays().steps() - (length - wanted));
        length = wanted;
    }
}

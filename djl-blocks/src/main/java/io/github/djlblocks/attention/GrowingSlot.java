package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.github.djlblocks.kernel.Kernels;

/** A slot that appends by concatenation; one of a memory takes no second part. */
final class GrowingSlot extends CacheSlot {

    GrowingSlot(CachePolicy policy, CacheArrays arrays) {
        super(policy, arrays);
    }

    @Override
    public long length() {
        return arrays().steps();
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
            return content();
        }
        if (policy().kind() == CachePolicy.Kind.MEMORY) {
            throw new IllegalStateException(
                    "the memory of layer "
                            + held.layer()
                            + " is in the cache already, "
                            + length()
                            + " tokens: one cache serves one memory");
        }
        Kernels kernels = Kernels.of(keys);
        held.replace(
                new NDList(
                        kernels.appendTime(held.keys(), keys),
                        kernels.appendTime(held.values(), values)));
        return content();
    }

    @Override
    void truncate(long... lengths) {
        keepFirst(Math.min(lengths[0], length()));
    }
}

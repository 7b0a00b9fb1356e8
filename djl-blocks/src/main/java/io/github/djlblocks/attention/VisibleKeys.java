package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Which of the tokens that have passed are among the keys: all of them, or what a rolling cache
 * still holds.
 */
record VisibleKeys(Kernels kernels, @Nullable CachePolicy policy, long keys, long passed) {

    static VisibleKeys of(Kernels kernels, KeyValueCache.@Nullable Slot slot, long keys) {
        return slot == null
                ? new VisibleKeys(kernels, null, keys, keys)
                : new VisibleKeys(kernels, slot.policy(), keys, slot.length());
    }

    /** A mask or bias over all tokens, cut to those that are held: the first few and the last. */
    @Nullable NDArray cut(@Nullable NDArray mask) {
        if (mask == null || policy == null || keys == passed) {
            return mask;
        }
        Shape shape = mask.getShape();
        if (shape.get(shape.dimension() - 1) != passed) {
            return mask;
        }
        long prefix = policy.prefix();
        if (prefix == 0) {
            return kernels.splitChannels(mask, passed - keys, keys).get(1);
        }
        NDList parts = kernels.splitChannels(mask, prefix, passed - keys, keys - prefix);
        return kernels.joinChannels(parts.get(0), parts.get(2));
    }

    /** The window of the attention, or that of a rolling cache. */
    AttentionSpec window(AttentionSpec spec) {
        if (policy == null || policy.kind() != CachePolicy.Kind.ROLLING) {
            return spec;
        }
        long left = policy.window() - 1L;
        if (spec.left() > left) {
            throw new IllegalArgumentException(
                    "attention looks back over "
                            + (spec.left() + 1)
                            + " tokens but its rolling cache keeps "
                            + policy.window()
                            + ": make the window of the cache as large");
        }
        return spec.withWindow(spec.left() >= 0 ? spec.left() : left, spec.right())
                .withPrefix(policy.prefix());
    }
}

package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import org.jspecify.annotations.Nullable;

/**
 * Which of the tokens that have passed are among the keys: all of them, or what a rolling cache
 * still holds.
 */
record VisibleKeys(NDArray x, @Nullable CachePolicy policy, Past past, NDArray keys) {

    /** A mask or bias over all tokens, cut to those that are held: the first few and the last. */
    @Nullable NDArray cut(@Nullable NDArray mask) {
        if (mask == null || policy == null || policy.kind() != CachePolicy.Kind.ROLLING) {
            return mask;
        }
        return Kernels.of(x).heldColumns(mask, keys, past, x, policy.prefix());
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

package io.github.djlblocks.core;

import ai.djl.ndarray.NDList;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * Runs whole forward passes for inference in another way than primitive by primitive, with the same
 * results. It may be called from many threads at once.
 */
@FunctionalInterface
public interface PassRunner {

    /**
     * Runs a pass.
     *
     * @param inputs the inputs, which the block has checked
     * @param params what the caller passes along, or none
     * @return the outputs, or null if the block is to run this pass itself; nothing has changed
     *     then
     */
    @Nullable NDList run(NDList inputs, @Nullable PairList<String, Object> params);
}

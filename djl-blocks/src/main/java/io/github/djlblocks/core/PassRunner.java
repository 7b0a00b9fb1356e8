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

    /**
     * Returns whether the weights are here alone: parameters of the block have no values, and it
     * can do nothing without this.
     *
     * @return false unless said otherwise
     */
    default boolean keepsWeights() {
        return false;
    }

    /**
     * Is called when another runs the passes of the block from now on: lets go of what it holds,
     * behind the last call it is in. {@link #run} returns null from then on.
     */
    default void replaced() {}

    /**
     * Says whether passes use copies of the weights, which do not change with the parameters.
     *
     * @return false unless it says otherwise
     */
    default boolean copiesWeights() {
        return false;
    }
}

package io.github.djlblocks.core;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.util.PairList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Who runs a block's passes for inference, if it does not itself: one at a time. */
final class PassRunners {

    private final AtomicReference<@Nullable PassRunner> current = new AtomicReference<>();

    boolean hasOne() {
        return current.get() != null;
    }

    void set(@Nullable PassRunner runner) {
        PassRunner before = current.getAndSet(runner);
        if (before != null && before != runner) {
            before.replaced();
        }
    }

    /** The outputs, or null if the block is to run the pass itself. */
    @Nullable NDList run(NDList inputs, @Nullable PairList<String, Object> params) {
        PassRunner runner = current.get();
        while (runner != null) {
            NDList outputs = runner.run(inputs, params);
            PassRunner now = current.get();
            if (outputs != null || now == runner) {
                return outputs;
            }
            // Another came between: it may have weights that the block has not.
            runner = now;
        }
        return null;
    }

    /** Requires that a block can do without who runs it. */
    void requireWeights(Block block, String what) {
        PassRunner runner = current.get();
        if (runner != null && runner.keepsWeights()) {
            throw new IllegalStateException(
                    block.getClass().getSimpleName()
                            + " cannot be "
                            + what
                            + ": its weights are packed for compiled passes and its parameters"
                            + " have no values; load it without a weight format");
        }
    }

    /** Requires that whoever runs a block uses its parameters as they are. */
    void requireShared(Block block, String what) {
        PassRunner runner = current.get();
        if (runner != null && runner.copiesWeights()) {
            throw new IllegalStateException(
                    block.getClass().getSimpleName()
                            + " cannot be "
                            + what
                            + ": compiled passes use packed copies of its weights; load or compile"
                            + " it without a weight format");
        }
    }
}

package io.github.djlblocks.parity;

import ai.djl.ndarray.NDManager;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.TorchScript;

/**
 * A run of an {@link EachEngine} test with {@link EachEngine#compiledToo} whose blocks are to run
 * compiled: the test hands each block it loads to {@link #prepare}.
 */
public final class CompiledRun {

    private static final String NAME = "compiledRun";

    private CompiledRun() {}

    /**
     * Says whether blocks are to run compiled.
     *
     * @param manager the manager that was injected into the test
     * @return true in the run that {@link EachEngine#compiledToo} adds
     */
    public static boolean isAsked(NDManager manager) {
        return NAME.equals(manager.getName());
    }

    /**
     * Compiles a block if that is asked for, such that a pass that cannot run compiled fails. Its
     * parameters are frozen then, as compiled passes give no gradients.
     *
     * @param block the block, loaded
     * @param manager the manager that was injected into the test
     * @param <B> its class
     * @return the block
     */
    public static <B extends KernelBlock> B prepare(B block, NDManager manager) {
        if (isAsked(manager)) {
            block.freezeParameters(true);
            TorchScript.compile(block, manager, CompileOptions.defaults().demanded());
        }
        return block;
    }

    static void mark(NDManager manager) {
        manager.setName(NAME);
    }
}

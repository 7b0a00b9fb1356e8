package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.djlblocks.core.KernelBlock;

/**
 * Runs blocks compiled: a forward pass for inference on the PyTorch engine becomes one native call.
 */
public final class TorchScript {

    private TorchScript() {}

    /**
     * Compiles the passes for inference of a block of this library, in place: {@code forward} and
     * everything built on it stay as they are. A pass is recorded when the first of its kind comes
     * (batch and length stay open), and runs as one call from then on. Training, other engines, and
     * what cannot be compiled run as before.
     *
     * <p>Compiled passes give no gradients: a block with parameters that want one runs as before,
     * in every pass; {@code freezeParameters(true)} says that they do not. Compiled again, what was
     * compiled before is used no longer, but held until its manager is closed.
     *
     * @param block the block, on engine PyTorch
     * @param manager the manager that holds what is compiled: what is compiled ends with it, and
     *     the block runs as before then
     * @param options how
     * @return what becomes of its passes
     * @throws IllegalArgumentException if the manager is of another engine
     */
    public static PassStatistics compile(
            KernelBlock block, NDManager manager, CompileOptions options) {
        BlockRunner runner = new BlockRunner(block, manager, options);
        block.setPassRunner(runner);
        return runner;
    }

    /**
     * Compiles any block, as a container of DJL, into another that runs it.
     *
     * @param block the block, on engine PyTorch
     * @param manager the manager that holds what is compiled
     * @param options how
     * @return a block of the same parameters
     * @throws IllegalArgumentException if the manager is of another engine
     */
    public static Block compiled(Block block, NDManager manager, CompileOptions options) {
        return new CompiledBlock(block, new BlockRunner(block, manager, options));
    }
}

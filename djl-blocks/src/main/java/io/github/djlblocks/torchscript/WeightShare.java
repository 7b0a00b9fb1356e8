package io.github.djlblocks.torchscript;

import ai.djl.Device;
import ai.djl.nn.Block;
import org.jspecify.annotations.Nullable;

/**
 * The one store of the blocks that run apart and have weights in common, such as both halves of an
 * encoder-decoder. Made when the first of them needs it, freed with the last of them.
 */
final class WeightShare {

    private final Block whole;
    private final CompileOptions options;
    private final Device device;
    private final KernelChoice kernels;
    private int users;
    private @Nullable WeightStore store;

    /**
     * Creates the share.
     *
     * @param whole the block whose paths name the weights
     * @param options how they are kept
     * @param device where they are
     * @param kernels how those are found that they are packed for
     */
    WeightShare(Block whole, CompileOptions options, Device device, KernelChoice kernels) {
        this.whole = whole;
        this.options = options;
        this.device = device;
        this.kernels = kernels;
    }

    WeightShare(Block whole, CompileOptions options, Device device) {
        this(
                whole,
                options,
                device,
                options.isForAnyDevice() || device.isGpu()
                        ? KernelChoice.ofAnyDevice()
                        : KernelTrials.choice());
    }

    synchronized void join() {
        users++;
    }

    synchronized WeightStore store() {
        if (store == null) {
            store = new WeightStore(device, new WeightPlan(whole, options, kernels));
        }
        return store;
    }

    /** To be called once for each {@link #join}. */
    synchronized void leave() {
        users--;
        if (users == 0 && store != null) {
            store.close();
            store = null;
        }
    }
}

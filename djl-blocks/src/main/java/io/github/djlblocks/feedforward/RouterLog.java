package io.github.djlblocks.feedforward;

import ai.djl.ndarray.NDArray;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.NativeScope;
import io.github.djlblocks.internal.Params;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Routing;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the routers of one forward pass did, for the losses that training adds to the model's own.
 *
 * <pre>{@code
 * try (RouterLog log = new RouterLog()) {
 *     NDList output = model.forward(store, inputs, true, log.addTo(params));
 *     NDArray loss = task.add(log.loadBalancingLoss(null).mul(0.001));
 *     collector.backward(loss);
 * }
 * }</pre>
 *
 * <p>It travels through DJL's {@code params}; every {@link MixtureOfExperts} on the way adds
 * itself. For one forward pass at a time, on one thread.
 */
public final class RouterLog implements AutoCloseable {

    /** Under this key a log lies in {@code params}. */
    public static final String KEY = "routerLog";

    private final List<Routing> layers = new ArrayList<>();

    /** Creates an empty log. */
    public RouterLog() {}

    /** The log in the params of a forward pass, or none. */
    static @Nullable RouterLog of(@Nullable PairList<String, Object> params) {
        return Params.get(params, KEY, RouterLog.class);
    }

    /**
     * Puts this log into params for a forward pass, in place of another that is there.
     *
     * @param params the params; changed
     * @return the params
     */
    public PairList<String, Object> addTo(PairList<String, Object> params) {
        while (params.contains(KEY)) {
            params.remove(KEY);
        }
        params.add(KEY, this);
        return params;
    }

    void add(Routing routing) {
        NativeScope.keep(routing.logits());
        NativeScope.keep(routing.weights());
        layers.add(routing);
    }

    /**
     * Returns what was routed.
     *
     * @return one element for each mixture of experts, in the order they ran
     */
    public List<Routing> layers() {
        return List.copyOf(layers);
    }

    /**
     * The loss that balances the load of the experts, over all layers together: see {@link
     * io.github.djlblocks.kernel.RoutingKernels#loadBalancingLoss}.
     *
     * @param attentionMask INT64, INT32 or BOOLEAN, not 0 where a token counts, (B, S); or none:
     *     all count
     * @return one number, differentiable by the routers' logits
     * @throws IllegalArgumentException if nothing was routed, or the mask does not fit
     */
    public NDArray loadBalancingLoss(@Nullable NDArray attentionMask) {
        return Kernels.of(first()).loadBalancingLoss(layers, attentionMask);
    }

    /**
     * The loss that keeps the routers' logits small, over all layers together: see {@link
     * io.github.djlblocks.kernel.RoutingKernels#routerZLoss}.
     *
     * @param attentionMask INT64, INT32 or BOOLEAN, not 0 where a token counts, (B, S); or none:
     *     all count
     * @return one number, differentiable by the routers' logits
     * @throws IllegalArgumentException if nothing was routed, or the mask does not fit
     */
    public NDArray zLoss(@Nullable NDArray attentionMask) {
        return Kernels.of(first()).routerZLoss(layers, attentionMask);
    }

    private NDArray first() {
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "no routing to take a loss of: run a mixture of experts with this log in its"
                            + " params first");
        }
        return layers.get(0).logits();
    }

    /** Frees the arrays that were kept. */
    @Override
    public void close() {
        for (Routing layer : layers) {
            layer.logits().close();
            layer.weights().close();
        }
        layers.clear();
    }
}

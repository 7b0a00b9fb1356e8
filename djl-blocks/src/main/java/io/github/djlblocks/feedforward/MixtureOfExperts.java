package io.github.djlblocks.feedforward;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Routing;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sparse mixture of experts: each token is served by the few experts its router chooses.
 *
 * <p>{@code y = sum_j w_j f_j(x)} over the experts j that {@link Router} chooses for x, with its
 * weights; x and y (..., E). A shared expert serves every token besides: {@code y + g(x)}, or with
 * a gate {@code y + s(v x) g(x)}, s the sigmoid.
 *
 * <p>An expert runs once a pass, on the tokens that chose it, and not at all if none did: cost
 * grows with the experts chosen, not with those there are. Scores are read back to the host once a
 * pass. Gradients reach the router through the weights. An expert that was not run is given no
 * gradient: on PyTorch that is 0, but MXNet keeps what the last pass left, so clear gradients
 * before each.
 *
 * <p>Shazeer et al., arXiv 1701.06538; as Mixtral (arXiv 2401.04088), DeepSeek (2405.04434,
 * 2412.19437) and Qwen-MoE have it. For the losses of training: {@link RouterLog}.
 */
public final class MixtureOfExperts extends UnaryBlock {

    private final Router router;
    private final List<Block> experts = new ArrayList<>();
    private final @Nullable Block sharedExpert;
    private final @Nullable Linear sharedGate;

    private MixtureOfExperts(Builder builder) {
        super("x (..., " + builder.router().getHiddenSize() + ")");
        router = addChildBlock("router", builder.router());
        if (builder.experts.size() != router.getExperts()) {
            throw new IllegalArgumentException(
                    "the router chooses among "
                            + router.getExperts()
                            + " experts but there are "
                            + builder.experts.size());
        }
        for (Block expert : builder.experts) {
            requireSameShape("expert " + experts.size(), expert);
            experts.add(addChildBlock("experts." + experts.size(), expert));
        }
        Block shared = builder.sharedExpert;
        Linear gate = builder.sharedGate;
        if (shared == null && gate != null) {
            throw new IllegalArgumentException(
                    "a gate needs a shared expert to gate: call optSharedExpert");
        }
        if (shared != null) {
            requireSameShape("the shared expert", shared);
            addChildBlock("sharedExpert", shared);
        }
        if (gate != null) {
            requireGate(gate);
            addChildBlock("sharedGate", gate);
        }
        sharedExpert = shared;
        sharedGate = gate;
    }

    private void requireSameShape(String name, Block expert) {
        Shape shape = new Shape(1, router.getHiddenSize());
        Shape found = expert.getOutputShapes(new Shape[] {shape})[0];
        if (!found.equals(shape)) {
            throw new IllegalArgumentException(
                    name
                            + " gives "
                            + found.get(found.dimension() - 1)
                            + " channels, which must be those it is given ("
                            + router.getHiddenSize()
                            + ")");
        }
    }

    private void requireGate(Linear gate) {
        if (gate.getInputs() != router.getHiddenSize() || gate.getOutputs() != 1) {
            throw new IllegalArgumentException(
                    "the shared expert's gate ("
                            + gate.getInputs()
                            + " to "
                            + gate.getOutputs()
                            + ") must go from hiddenSize ("
                            + router.getHiddenSize()
                            + ") to 1");
        }
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the router.
     *
     * @return the child whose parameters are {@code router.*}
     */
    public Router getRouter() {
        return router;
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.lastAxis("MixtureOfExperts", input, "hiddenSize", router.getHiddenSize());
        return input;
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        getChildren().forEach(child -> child.getValue().initialize(manager, dataType, inputShapes));
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        PairList<String, Object> adapter = AdapterChoice.only(params);
        Routing routing = router.route(store, x, training);
        RouterLog log = RouterLog.of(params);
        if (log != null) {
            log.add(routing);
        }
        Kernels kernels = Kernels.of(x);
        NDArray y =
                kernels.mixture(
                        x,
                        routing,
                        (expert, rows) ->
                                call(experts.get(expert), store, rows, training, adapter));
        if (sharedExpert == null) {
            return y;
        }
        NDArray shared = call(sharedExpert, store, x, training, adapter);
        NDArray gate = sharedGate == null ? null : call(sharedGate, store, x, training, adapter);
        return kernels.addShared(y, shared, gate);
    }

    /** Builds a {@link MixtureOfExperts}. */
    public static final class Builder {

        private @Nullable Router router;
        private List<Block> experts = List.of();
        private @Nullable Block sharedExpert;
        private @Nullable Linear sharedGate;

        private Builder() {}

        /**
         * Sets the router; its parameters are {@code router.*}.
         *
         * @param router chooses among as many experts as there are
         * @return this builder
         */
        public Builder setRouter(Router router) {
            this.router = router;
            return this;
        }

        /**
         * Sets the experts; the parameters of the first are {@code experts.0.*}.
         *
         * @param experts keep the shape (n, E)
         * @return this builder
         */
        public Builder setExperts(List<? extends Block> experts) {
            this.experts = List.copyOf(experts);
            return this;
        }

        /**
         * Sets an expert for every token; its parameters are {@code sharedExpert.*}. Several are
         * one of the sum of their widths.
         *
         * @param sharedExpert keeps the shape (..., E)
         * @return this builder
         */
        public Builder optSharedExpert(Block sharedExpert) {
            this.sharedExpert = sharedExpert;
            return this;
        }

        /**
         * Gates the shared expert, as Qwen2-MoE does; its parameters are {@code sharedGate.*}.
         *
         * @param sharedGate E to 1
         * @return this builder
         */
        public Builder optSharedGate(Linear sharedGate) {
            this.sharedGate = sharedGate;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a part is missing, or sizes do not fit together
         */
        public MixtureOfExperts build() {
            return new MixtureOfExperts(this);
        }

        private Router router() {
            if (router == null) {
                throw new IllegalArgumentException(
                        "the mixture of experts is incomplete: call setRouter");
            }
            return router;
        }
    }
}

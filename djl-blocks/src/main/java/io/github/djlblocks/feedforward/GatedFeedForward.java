package io.github.djlblocks.feedforward;

import ai.djl.ndarray.NDArray;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.GateOrder;
import io.github.djlblocks.kernel.GateSpec;
import io.github.djlblocks.kernel.Kernels;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gated feed-forward block; with SiLU as its gate, SwiGLU.
 *
 * <p>{@code y = down(f(gate(x)) * up(x))}, x (..., E), gate and up from E to F channels, down from
 * F to E, y (..., E). One projection from E to 2 F may stand for gate and up. With a norm, {@code y
 * = down(norm(...))}; dropout follows the product, and down. With a limit and an offset, {@code
 * f(min(gate, limit)) * (min(max(up, -limit), limit) + upOffset)}.
 *
 * <p>Shazeer, arXiv 2002.05202; as Hugging Face {@code LlamaMLP}, fused {@code Phi3MLP}, limited
 * {@code GptOssExperts} (limit 7, offset 1, f {@link ActivationFunction#GELU_QUICK}, interleaved).
 */
public final class GatedFeedForward extends FeedForwardBlock {

    private final @Nullable Linear gate;
    private final Linear up;
    private final GateOrder order;
    private final GateSpec spec;

    private GatedFeedForward(Builder builder) {
        super(builder, builder.up().getInputs(), builder.hidden());
        gate = builder.gate;
        up = builder.up();
        order = builder.order;
        spec = new GateSpec(builder.function(), builder.limit, builder.upOffset);
        if (builder.activationBlock != null && spec.isLimited()) {
            throw new IllegalArgumentException(
                    "limit ("
                            + spec.limit()
                            + ") bounds what a function is given, and the activation is a block:"
                            + " set a function");
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
     * Creates SwiGLU: the gate is SiLU.
     *
     * @param gate E to F
     * @param up E to F
     * @param down F to E
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward of(Linear gate, Linear up, Linear down) {
        return of(gate, up, down, ActivationFunction.SILU);
    }

    /**
     * Creates a gated feed-forward block.
     *
     * @param gate E to F
     * @param up E to F
     * @param down F to E
     * @param activation the gate's activation
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward of(
            Linear gate, Linear up, Linear down, ActivationFunction activation) {
        return builder().setProjections(gate, up).setDown(down).optActivation(activation).build();
    }

    /**
     * Creates a GLU: the gate is the sigmoid.
     *
     * @param gate E to F
     * @param up E to F
     * @param down F to E
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward glu(Linear gate, Linear up, Linear down) {
        return of(gate, up, down, ActivationFunction.SIGMOID);
    }

    /**
     * Creates a bilinear unit: the gate has no activation.
     *
     * @param gate E to F
     * @param up E to F
     * @param down F to E
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward bilinear(Linear gate, Linear up, Linear down) {
        return of(gate, up, down, ActivationFunction.IDENTITY);
    }

    /**
     * Creates ReGLU: the gate is ReLU.
     *
     * @param gate E to F
     * @param up E to F
     * @param down F to E
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward reGlu(Linear gate, Linear up, Linear down) {
        return of(gate, up, down, ActivationFunction.RELU);
    }

    /**
     * Creates GeGLU: the gate is GELU with the error function.
     *
     * @param gate E to F
     * @param up E to F
     * @param down F to E
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward geGlu(Linear gate, Linear up, Linear down) {
        return of(gate, up, down, ActivationFunction.GELU);
    }

    /**
     * Creates SwiGLU: the gate is SiLU.
     *
     * @param gate E to F
     * @param up E to F
     * @param down F to E
     * @return the block
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward swiGlu(Linear gate, Linear up, Linear down) {
        return of(gate, up, down, ActivationFunction.SILU);
    }

    @Override
    NDArray hidden(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        NDArray wide = call(up, store, x, training, adapter);
        Kernels kernels = Kernels.of(wide);
        if (gate != null) {
            NDArray gated =
                    learned(store, call(gate, store, x, training, adapter), training, adapter);
            return kernels.gatedActivation(gated, wide, spec);
        }
        return kernels.gatedActivation(wide, order, spec);
    }

    /** Builds a {@link GatedFeedForward}; the activation is SiLU unless set. */
    public static final class Builder extends FeedForwardParts<Builder> {

        private @Nullable Linear gate;
        private @Nullable Linear up;
        private GateOrder order = GateOrder.GATE_FIRST;
        private double limit = Double.POSITIVE_INFINITY;
        private double upOffset;

        private Builder() {
            optActivation(ActivationFunction.SILU);
        }

        /**
         * Sets two projections; their parameters are {@code gate.*} and {@code up.*}.
         *
         * @param gate E to F
         * @param up E to F
         * @return this builder
         */
        public Builder setProjections(Linear gate, Linear up) {
            this.gate = gate;
            this.up = up;
            return this;
        }

        /**
         * Sets one projection for gate and up; its parameters are {@code gateUp.*}.
         *
         * @param gateUp E to 2 F
         * @param order which of its channels are the gate's
         * @return this builder
         */
        public Builder setFusedProjection(Linear gateUp, GateOrder order) {
            this.gate = null;
            this.up = gateUp;
            this.order = order;
            return this;
        }

        /**
         * Bounds the gate from above and the value on both sides.
         *
         * @param limit above 0; plus infinity, the default, for none
         * @return this builder
         */
        public Builder optLimit(double limit) {
            this.limit = limit;
            return this;
        }

        /**
         * Adds to the value before it is gated.
         *
         * @param upOffset a finite number, 0 by default
         * @return this builder
         */
        public Builder optUpOffset(double upOffset) {
            this.upOffset = upOffset;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a part is missing, or sizes do not fit together
         */
        public GatedFeedForward build() {
            return new GatedFeedForward(this);
        }

        private Linear up() {
            return required(up, "setProjections or setFusedProjection");
        }

        private int hidden() {
            int outputs = up().getOutputs();
            if (gate == null) {
                if (outputs % 2 != 0) {
                    throw new IllegalArgumentException(
                            "gateUp gives "
                                    + outputs
                                    + " channels, which must be even: F for the gate and F for"
                                    + " what it gates");
                }
                if (activationBlock != null) {
                    throw new IllegalArgumentException(
                            "an activation that is a block needs a gate of its own: call"
                                    + " setProjections");
                }
                return outputs / 2;
            }
            if (gate.getInputs() != up().getInputs() || gate.getOutputs() != outputs) {
                throw new IllegalArgumentException(
                        "gate ("
                                + gate.getInputs()
                                + " to "
                                + gate.getOutputs()
                                + ") and up ("
                                + up().getInputs()
                                + " to "
                                + outputs
                                + ") must have the same sizes");
            }
            return outputs;
        }

        @Override
        Builder self() {
            return this;
        }

        @Override
        String projections() {
            return gate == null ? "the halves of gateUp" : "gate and up";
        }

        @Override
        Map<String, Linear> projectionsByName() {
            Map<String, Linear> byName = new LinkedHashMap<>();
            if (gate == null) {
                byName.put("gateUp", up());
            } else {
                byName.put("gate", gate);
                byName.put("up", up());
            }
            return byName;
        }
    }
}

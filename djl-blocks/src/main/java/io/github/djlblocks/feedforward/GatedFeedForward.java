package io.github.djlblocks.feedforward;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Gated feed-forward block; with SiLU as its gate, SwiGLU.
 *
 * <p>{@code y = down(f(gate(x)) * up(x))}, x (..., E), gate and up from E to F channels, down from
 * F to E, y (..., E). The gate's activation f chooses the variant: SILU SwiGLU, GELU GeGLU, RELU
 * ReGLU, SIGMOID the original GLU, IDENTITY bilinear.
 *
 * <p>Shazeer, arXiv 2002.05202; as Hugging Face {@code LlamaMLP}.
 */
public final class GatedFeedForward extends UnaryBlock {

    private final Linear gate;
    private final Linear up;
    private final Linear down;
    private final ActivationFunction activation;

    private GatedFeedForward(Linear gate, Linear up, Linear down, ActivationFunction activation) {
        super("x (..., " + gate.getInputs() + ")");
        if (gate.getInputs() != up.getInputs() || gate.getOutputs() != up.getOutputs()) {
            throw new IllegalArgumentException(
                    "gate ("
                            + gate.getInputs()
                            + " to "
                            + gate.getOutputs()
                            + ") and up ("
                            + up.getInputs()
                            + " to "
                            + up.getOutputs()
                            + ") must have the same sizes");
        }
        if (down.getInputs() != up.getOutputs()) {
            throw new IllegalArgumentException(
                    "down takes "
                            + down.getInputs()
                            + " channels but gate and up give "
                            + up.getOutputs());
        }
        this.gate = addChildBlock("gate", gate);
        this.up = addChildBlock("up", up);
        this.down = addChildBlock("down", down);
        this.activation = activation;
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
        return new GatedFeedForward(gate, up, down, activation);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.lastAxis("GatedFeedForward", input, "inputs of gate and up", gate.getInputs());
        return input.slice(0, input.dimension() - 1).add(down.getOutputs());
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        gate.initialize(manager, dataType, inputShapes);
        up.initialize(manager, dataType, inputShapes);
        down.initialize(manager, dataType, up.getOutputShapes(inputShapes));
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray gated = call(gate, store, x, training, null);
        NDArray wide = call(up, store, x, training, null);
        NDArray hidden = Kernels.of(x).gatedActivation(gated, wide, activation);
        return call(down, store, hidden, training, null);
    }
}

package io.github.djlblocks.samples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.UnaryBlock;
import org.jspecify.annotations.Nullable;

/** A block of one's own: {@code y = x * tanh(x W^T + b)}, x and y (..., E). */
// README: own
final class TanhGate extends UnaryBlock {

    private final Linear linear;

    TanhGate(int channels) {
        super("x (..., " + channels + ")");
        linear = addChildBlock("linear", Linear.withBias(channels, channels));
    }

    @Override
    protected Shape outputShape(Shape input) {
        return linear.getOutputShapes(new Shape[] {input})[0];
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
        linear.initialize(manager, type, inputs);
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return x.mul(call(linear, store, x, training, params).tanh());
    }
}
// README: end

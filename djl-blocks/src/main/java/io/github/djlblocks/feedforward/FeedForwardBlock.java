package io.github.djlblocks.feedforward;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.Dropout;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** From E channels to F, where the activation is, and down again. */
abstract class FeedForwardBlock extends UnaryBlock {

    private final int inputs;
    private final String names;
    private final Linear down;
    private final Collection<Linear> projections;
    private final @Nullable Block activation;
    private final @Nullable Block norm;
    private final @Nullable Dropout hiddenDropout;
    private final @Nullable Dropout outputDropout;

    /** Adds the children after the projections up, which the subclass adds first. */
    @SuppressWarnings("this-escape") // addChildBlock is final and only stores
    FeedForwardBlock(FeedForwardParts<?> parts, int inputs, int hidden) {
        super("x (..., " + inputs + ")");
        this.inputs = inputs;
        down = parts.down();
        if (down.getInputs() != hidden) {
            throw new IllegalArgumentException(
                    "down takes "
                            + down.getInputs()
                            + " channels but "
                            + parts.projections()
                            + " give "
                            + hidden);
        }
        projections = parts.projectionsByName().values();
        parts.projectionsByName().forEach(this::addChildBlock);
        names = String.join(" and ", parts.projectionsByName().keySet());
        addChildBlock("down", down);
        activation = optional("activation", parts.activationBlock);
        norm = optional("norm", parts.norm);
        requireSameShape("activation", activation, hidden);
        requireSameShape("norm", norm, hidden);
        hiddenDropout = dropout("hiddenDropout", parts.hiddenDropout);
        outputDropout = dropout("outputDropout", parts.outputDropout);
    }

    private @Nullable Block optional(String name, @Nullable Block block) {
        return block == null ? null : addChildBlock(name, block);
    }

    private @Nullable Dropout dropout(String name, double rate) {
        Checks.rate(name, rate);
        return rate == 0 ? null : addChildBlock(name, Dropout.of(rate));
    }

    private static void requireSameShape(String name, @Nullable Block block, int hidden) {
        Shape shape = new Shape(1, hidden);
        if (block != null && !block.getOutputShapes(new Shape[] {shape})[0].equals(shape)) {
            throw new IllegalArgumentException(
                    name + " must keep the shape of what it is given, (..., " + hidden + ")");
        }
    }

    /** Computes what goes down: (..., E) to (..., F). */
    abstract NDArray hidden(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter);

    /** Applies the block that is the activation, if it is one. */
    final NDArray learned(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        return through(activation, store, x, training, adapter);
    }

    @Override
    protected final Shape outputShape(Shape input) {
        Checks.lastAxis(getClass().getSimpleName(), input, "inputs of " + names, inputs);
        return input.slice(0, input.dimension() - 1).add(down.getOutputs());
    }

    @Override
    protected final void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden =
                inputShapes[0].slice(0, inputShapes[0].dimension() - 1).add(down.getInputs());
        getChildren()
                .forEach(
                        child -> {
                            Block block = child.getValue();
                            boolean up = projections.contains(block);
                            block.initialize(manager, dataType, up ? inputShapes[0] : hidden);
                        });
    }

    @Override
    protected final NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        PairList<String, Object> adapter = AdapterChoice.only(params);
        NDArray y = hidden(store, x, training, adapter);
        y = through(hiddenDropout, store, y, training, null);
        y = through(norm, store, y, training, adapter);
        y = call(down, store, y, training, adapter);
        return through(outputDropout, store, y, training, null);
    }

    private static NDArray through(
            @Nullable Block block,
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        return block == null ? x : call(block, store, x, training, adapter);
    }
}

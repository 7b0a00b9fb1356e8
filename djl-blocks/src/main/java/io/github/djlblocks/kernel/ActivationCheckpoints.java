package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.GradientCollector;
import io.github.djlblocks.internal.NativeScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Activation checkpointing: a training pass that keeps what enters each segment of a model, as a
 * layer, instead of all that the backward pass will read, and computes the segment again when its
 * gradient is wanted. Memory of one segment at a time for a second forward pass.
 *
 * <p>Given to a model as the param {@link #PARAM}. Gradients come in two steps, on every engine:
 * {@code collector.backward(loss)} reaches the last segment, {@link #backward} the others, from the
 * last to the first: for a segment {@code y = f(x)} and the gradient s of y, the backward pass of
 * {@code sum(f(x) s)}. Random numbers, as of dropout, are the same both times.
 *
 * <p>Chen et al., arXiv 1604.06174; as {@code torch.utils.checkpoint}. One object serves one
 * forward pass.
 */
public final class ActivationCheckpoints implements AutoCloseable {

    /** The param of a forward pass that this is given as. */
    public static final String PARAM = "activation_checkpoints";

    private final List<Segment> segments = new ArrayList<>();
    private final List<NDArray> held = new ArrayList<>();
    private final int seed;

    /** What enters a segment may hang on a graph of its own, that of {@code source}. */
    private record Segment(
            @Nullable NDArray source,
            NDArray input,
            UnaryOperator<NDArray> body,
            NDArray output,
            int seed) {}

    /**
     * Creates one for a pass.
     *
     * @param seed of the random numbers of the segments
     */
    public ActivationCheckpoints(int seed) {
        this.seed = seed;
    }

    /**
     * Runs a segment without what its backward pass would need.
     *
     * @param x what enters; the only thing that a gradient goes through, beside parameters
     * @param body the segment, which is run again with the same arrays: what it uses must stay open
     * @return its output
     */
    public NDArray run(NDArray x, UnaryOperator<NDArray> body) {
        NDArray previous = segments.isEmpty() ? null : last().output();
        NDArray input = x == previous ? x : leaf(x);
        int own = seed + segments.size();
        x.getManager().getEngine().setRandomSeed(own);
        NDArray output;
        try (NDArray computed = apart(body, input)) {
            output = leaf(computed);
        }
        NDArray source = x == previous ? null : hold(x);
        segments.add(new Segment(source, input, body, output, own));
        return output;
    }

    /**
     * Makes an array that whoever gets it may close, which the output of a segment is not.
     *
     * @param x the output of a model
     * @return x, or another view of it that hangs on the same graph
     */
    public NDArray handOn(NDArray x) {
        boolean isHeld = !segments.isEmpty() && x == last().output();
        return isHeld ? x.reshape(x.getShape()) : x;
    }

    private Segment last() {
        return segments.get(segments.size() - 1);
    }

    private NDArray leaf(NDArray array) {
        NDArray leaf = hold(array.stopGradient());
        leaf.setRequiresGradient(true);
        return leaf;
    }

    /**
     * Lets an array live as long as this.
     *
     * @param array an array made in the innermost scope, as a mask that segments read
     * @return the array
     */
    public NDArray hold(NDArray array) {
        held.add(NativeScope.keep(array));
        return array;
    }

    private static NDArray apart(UnaryOperator<NDArray> body, NDArray input) {
        return NativeScope.run(new NDList(input), () -> new NDList(body.apply(input))).get(0);
    }

    /**
     * Computes the gradients of all segments and of what entered the first.
     *
     * @param collector the open collector whose backward pass of the loss has been
     * @param afterEach is run after each backward pass, as parameters may have a gradient of
     *     several, which MXNet writes one over the other
     */
    public void backward(GradientCollector collector, Runnable afterEach) {
        for (int i = segments.size() - 1; i >= 0; i--) {
            Segment segment = segments.get(i);
            segment.input().getManager().getEngine().setRandomSeed(segment.seed());
            try (NDArray slope = segment.output().getGradient();
                    NDArray output = apart(segment.body(), segment.input())) {
                backward(collector, output, slope);
            }
            afterEach.run();
            NDArray source = segment.source();
            if (source != null) {
                try (NDArray slope = segment.input().getGradient()) {
                    backward(collector, source, slope);
                }
                afterEach.run();
            }
        }
    }

    private static void backward(GradientCollector collector, NDArray output, NDArray slope) {
        try (NDArray product = output.mul(slope);
                NDArray sum = product.sum()) {
            collector.backward(sum);
        }
    }

    /** Frees what is kept. */
    @Override
    public void close() {
        held.forEach(NDArray::close);
        segments.clear();
    }
}

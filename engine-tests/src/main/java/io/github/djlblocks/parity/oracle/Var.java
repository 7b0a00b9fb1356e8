package io.github.djlblocks.parity.oracle;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A row-major float64 array that remembers how it was computed, for reverse-mode differentiation.
 *
 * <p>The operations of this package make a {@code Var} from others; each brings its own analytic
 * backward formula. {@link #backward(double...)} walks them in reverse and leaves in every {@code
 * Var} it reaches the gradient of {@code sum(seed * this)}. Not safe for concurrent backward passes
 * over shared inputs.
 */
public final class Var {

    private final double[] values;
    private final int[] shape;
    private final List<Var> parents;
    private final Consumer<double[]> backward;
    private double @Nullable [] gradient;

    private Var(double[] values, int[] shape, List<Var> parents, Consumer<double[]> backward) {
        int size = Shapes.size(shape);
        Shapes.require(
                values.length == size,
                "values (%d) must have one element for each of the %d of shape %s",
                values.length,
                size,
                Shapes.text(shape));
        this.values = values;
        this.shape = shape;
        this.parents = parents;
        this.backward = backward;
    }

    /**
     * Makes an input: values without a history.
     *
     * @param values the elements, row-major; copied
     * @param shape the length of each axis, at least 1; none for a scalar
     * @return the input
     * @throws IllegalArgumentException if the shape does not have as many elements as {@code
     *     values}
     */
    public static Var of(double[] values, int... shape) {
        return new Var(values.clone(), shape.clone(), List.of(), ignored -> {});
    }

    /**
     * Makes the result of an operation.
     *
     * @param backward given the gradient of this node, adds into {@link #sink()} of each parent
     */
    static Var node(double[] values, int[] shape, List<Var> parents, Consumer<double[]> backward) {
        return new Var(values, shape.clone(), parents, backward);
    }

    /** The operands that are there, of operations with optional ones. */
    static List<Var> present(@Nullable Var... operands) {
        List<Var> present = new ArrayList<>();
        for (Var operand : operands) {
            if (operand != null) {
                present.add(operand);
            }
        }
        return List.copyOf(present);
    }

    /**
     * Returns the elements.
     *
     * @return a copy of the elements, row-major
     */
    public double[] values() {
        return values.clone();
    }

    /**
     * Returns the shape.
     *
     * @return a copy of the lengths of the axes
     */
    public int[] shape() {
        return shape.clone();
    }

    /** The elements themselves: for reading, inside this package. */
    double[] data() {
        return values;
    }

    /** The shape itself: for reading, inside this package. */
    int[] dims() {
        return shape;
    }

    /** Where backward formulas add this node's gradient; all zeros when a pass begins. */
    double[] sink() {
        if (gradient == null) {
            gradient = new double[values.length];
        }
        return gradient;
    }

    /**
     * Returns the gradient that the latest backward pass which reached this {@code Var} left here.
     *
     * @return a copy of the gradient, of the same shape as the values
     * @throws IllegalStateException if no backward pass has reached this {@code Var}
     */
    public double[] gradient() {
        if (gradient == null) {
            throw new IllegalStateException(
                    "no backward pass has reached this Var "
                            + Shapes.text(shape)
                            + ": call backward on a result computed from it");
        }
        return gradient.clone();
    }

    /**
     * Sets the gradient of {@code sum(seed * this)} in this {@code Var} and in all it was computed
     * from. Gradients of an earlier pass are replaced, not added to.
     *
     * @param seed the gradient of the quantity of interest with respect to this {@code Var}; {@code
     *     1} for a scalar loss
     * @throws IllegalArgumentException if the seed does not have as many elements as the values
     */
    public void backward(double... seed) {
        Shapes.require(
                seed.length == values.length,
                "seed (%d) must have one element for each of the %d of shape %s",
                seed.length,
                values.length,
                Shapes.text(shape));
        List<Var> order = parentsFirst();
        for (Var node : order) {
            Arrays.fill(node.sink(), 0);
        }
        System.arraycopy(seed, 0, sink(), 0, seed.length);
        Collections.reverse(order);
        for (Var node : order) {
            node.backward.accept(node.sink());
        }
    }

    private List<Var> parentsFirst() {
        List<Var> order = new ArrayList<>();
        Set<Var> entered = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Var> left = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Var> stack = new ArrayDeque<>();
        stack.push(this);
        while (!stack.isEmpty()) {
            Var node = stack.peek();
            if (entered.add(node)) {
                node.parents.forEach(stack::push);
            } else {
                stack.pop();
                if (left.add(node)) {
                    order.add(node);
                }
            }
        }
        return order;
    }
}

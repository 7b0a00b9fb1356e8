package io.github.djlblocks.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call of a primitive.
 *
 * <p>Operands are, in the order of the primitive's parameters, {@link Value}s for its arrays, null
 * for those left out, and whatever else it was given: numbers, enums, specs, extents.
 */
public final class Node {

    private final String operation;
    private final List<@Nullable Object> operands;
    private final List<Value> results;
    private final boolean pure;

    Node(String operation, List<@Nullable Object> operands, List<Value> results, boolean pure) {
        this.operation = operation;
        this.operands = Collections.unmodifiableList(new ArrayList<>(operands));
        this.results = List.copyOf(results);
        this.pure = pure;
    }

    /**
     * Returns which primitive it calls.
     *
     * @return its name
     */
    public String operation() {
        return operation;
    }

    /**
     * Returns what the primitive is given.
     *
     * @return in the order of its parameters, null where something was left out
     */
    public List<@Nullable Object> operands() {
        return operands;
    }

    /**
     * Returns what it computes.
     *
     * @return at least one value
     */
    public List<Value> results() {
        return results;
    }

    /**
     * Returns its only result.
     *
     * @return the result
     * @throws IllegalStateException if there are several
     */
    public Value result() {
        if (results.size() != 1) {
            throw new IllegalStateException(operation + " has " + results.size() + " results");
        }
        return results.get(0);
    }

    /**
     * Says whether it may be left out where nobody uses its results.
     *
     * @return false if it writes into an array
     */
    public boolean isPure() {
        return pure;
    }

    /**
     * Returns an operand of a class.
     *
     * @param index which, from 0
     * @param type its class
     * @param <T> its class
     * @return the operand
     * @throws IllegalArgumentException if it is none of that class, or left out
     */
    public <T> T operand(int index, Class<T> type) {
        Object operand = operands.get(index);
        if (!type.isInstance(operand)) {
            throw new IllegalArgumentException(
                    "operand " + index + " of " + this + " is no " + type.getSimpleName());
        }
        return type.cast(operand);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Value result : results) {
            text.append(text.isEmpty() ? "" : ", ").append(result);
        }
        text.append(" = ").append(operation).append('(');
        for (int i = 0; i < operands.size(); i++) {
            Object operand = operands.get(i);
            text.append(i == 0 ? "" : ", ")
                    .append(operand instanceof Value value ? value.name() : operand);
        }
        return text.append(')').toString();
    }
}

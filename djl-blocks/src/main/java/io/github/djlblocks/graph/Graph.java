package io.github.djlblocks.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A computation: inputs, parameters, constants, and calls of primitives in an order in which they
 * can run. It holds for every batch size and length, and says nothing of how or where it runs.
 */
public final class Graph {

    private final List<Value> inputs;
    private final List<Value> numbers;
    private final List<Value> parameters;
    private final List<Value> constants;
    private final List<Node> nodes;
    private final List<Value> outputs;

    Graph(
            List<Value> inputs,
            List<Value> numbers,
            List<Value> parameters,
            List<Value> constants,
            List<Node> nodes,
            List<Value> outputs) {
        this.inputs = List.copyOf(inputs);
        this.numbers = List.copyOf(numbers);
        this.outputs = List.copyOf(outputs);
        this.nodes = needed(nodes, outputs);
        Set<Value> used = new HashSet<>(outputs);
        this.nodes.forEach(node -> addUsed(node, used));
        this.parameters = parameters.stream().filter(used::contains).toList();
        this.constants = constants.stream().filter(used::contains).toList();
    }

    /** Leaves out what nobody uses. */
    private static List<Node> needed(List<Node> nodes, List<Value> outputs) {
        Set<Value> used = new HashSet<>(outputs);
        List<Node> kept = new ArrayList<>();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            boolean wanted = !node.isPure() || node.results().stream().anyMatch(used::contains);
            if (wanted) {
                kept.add(node);
                addUsed(node, used);
            }
        }
        Collections.reverse(kept);
        return List.copyOf(kept);
    }

    private static void addUsed(Node node, Set<Value> used) {
        for (Object operand : node.operands()) {
            addUsed(operand, used);
        }
    }

    private static void addUsed(@Nullable Object operand, Set<Value> used) {
        if (operand instanceof Value value) {
            used.add(value);
        } else if (operand instanceof Dim dim && !dim.isConstant()) {
            used.add(dim.origin());
        } else if (operand instanceof Graph body) {
            body.nodes.forEach(node -> addUsed(node, used));
            used.addAll(body.outputs);
        } else if (operand instanceof List<?> list) {
            list.forEach(element -> addUsed(element, used));
        }
    }

    /**
     * Returns the arrays given in each call.
     *
     * @return in the order they were declared, used or not
     */
    public List<Value> inputs() {
        return inputs;
    }

    /**
     * Returns the integers given in each call.
     *
     * @return in the order they were declared, used or not
     */
    public List<Value> numbers() {
        return numbers;
    }

    /**
     * Returns the parameters that are used.
     *
     * @return in the order of their first use
     */
    public List<Value> parameters() {
        return parameters;
    }

    /**
     * Returns the constants that are used.
     *
     * @return in the order of their first use
     */
    public List<Value> constants() {
        return constants;
    }

    /**
     * Returns the calls.
     *
     * @return in an order in which they can run
     */
    public List<Node> nodes() {
        return nodes;
    }

    /**
     * Returns the results.
     *
     * @return in the order of the block's outputs
     */
    public List<Value> outputs() {
        return outputs;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("inputs ").append(inputs);
        text.append(numbers.isEmpty() ? "" : ", numbers " + numbers).append('\n');
        parameters.forEach(value -> text.append("parameter ").append(value).append('\n'));
        nodes.forEach(node -> text.append(node).append('\n'));
        return text.append("outputs ")
                .append(outputs.stream().map(Value::name).toList())
                .append('\n')
                .toString();
    }
}

package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.ActivationKind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the values whose only reader may write its result over them: memory of their own, read
 * once. A result in new memory costs more than computing it does, as every page of it has to be
 * fetched, or cleared by the system before.
 */
final class SpareValues {

    /** What gives memory that nothing else has. */
    private static final Set<String> FRESH =
            Set.of(
                    "linear",
                    "activation",
                    "gatedActivation",
                    "fusedGatedActivation",
                    "rmsNorm",
                    "layerNorm",
                    "add",
                    "scale");

    /** Of what may be read at any time: by the caller, or by a body, which may run many times. */
    private static final int MANY = 2;

    private final Map<Value, Integer> reads = new HashMap<>();

    private SpareValues() {}

    /**
     * Finds them.
     *
     * @param graph what is printed; in the bodies of its nodes nothing of it is spare
     * @param linears for each linear map those that are one product, which the first of them stands
     *     for
     */
    static Set<Value> of(Graph graph, Map<Node, List<Node>> linears) {
        SpareValues counts = new SpareValues();
        for (Node node : graph.nodes()) {
            // One product reads its x once.
            boolean stoodFor = linears.containsKey(node) && together(node, linears).isEmpty();
            List<?> operands = node.operands();
            operands.subList(stoodFor ? 1 : 0, operands.size())
                    .forEach(operand -> counts.read(operand, 1));
        }
        counts.read(graph.outputs(), MANY);
        Set<Value> spare = new HashSet<>();
        for (Node node : graph.nodes()) {
            // The results of joined maps lie in one tensor, with gaps unless it is one row.
            boolean joined =
                    linears.containsKey(node)
                            && together(node, linears).size() != 1
                            && !LinearEmitter.isOneRow(node.result());
            if (isFresh(node) && !joined && counts.reads.getOrDefault(node.result(), 0) == 1) {
                spare.add(node.result());
            }
        }
        return spare;
    }

    private static List<Node> together(Node node, Map<Node, List<Node>> linears) {
        return linears.getOrDefault(node, List.of());
    }

    private static boolean isFresh(Node node) {
        boolean passesOn =
                node.operation().equals("activation")
                        && node.operand(1, ActivationFunction.class).kind()
                                == ActivationKind.IDENTITY;
        return FRESH.contains(node.operation()) && !passesOn;
    }

    private void read(@Nullable Object operand, int times) {
        if (operand instanceof Value value) {
            reads.merge(value, times, Integer::sum);
        } else if (operand instanceof Graph body) {
            body.nodes().forEach(node -> read(node.operands(), MANY));
            read(body.outputs(), MANY);
        } else if (operand instanceof List<?> list) {
            list.forEach(element -> read(element, times));
        }
    }
}

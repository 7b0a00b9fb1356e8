package io.github.djlblocks.torchscript;

import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Prints linear maps: of a weight as it is, or of a packed one by the kernels chosen for it. Packed
 * maps of one input become one map of their weights below each other: one wide product is faster
 * than several narrow ones.
 */
final class LinearEmitter {

    private LinearEmitter() {}

    /** For each first of several maps of one input all of them; for the others nothing. */
    static Map<Node, List<Node>> together(Graph graph, ScriptTensors tensors) {
        Map<List<@Nullable Object>, List<Node>> byInput = new LinkedHashMap<>();
        Map<Node, List<Node>> groups = new HashMap<>();
        for (Node node : graph.nodes()) {
            if (!node.operation().equals("linear")) {
                continue;
            }
            Parameter weight = ParameterArrays.parameter(node.operands().get(1));
            WeightFormat format = weight == null ? null : tensors.linearFormat(weight);
            Object bias = node.operands().get(2);
            boolean joins =
                    tensors.joinsLinears()
                            && format != null
                            && (bias == null || ParameterArrays.parameter(bias) != null);
            List<@Nullable Object> key =
                    joins
                            ? Arrays.asList(node.operands().get(0), format, bias == null)
                            : Arrays.asList(node);
            byInput.computeIfAbsent(key, made -> new ArrayList<>()).add(node);
        }
        byInput.values()
                .forEach(
                        nodes -> {
                            nodes.forEach(node -> groups.put(node, List.of()));
                            groups.put(nodes.get(0), nodes);
                        });
        return groups;
    }

    /**
     * Chooses kernels for all packed maps, before the first of them is packed: trials take a few
     * hundred megabytes, which are not to come on top of those of the weights.
     */
    static void choose(Graph graph, PassWeights tensors) {
        for (List<Node> nodes : together(graph, tensors).values()) {
            Parameter weight =
                    nodes.isEmpty()
                            ? null
                            : ParameterArrays.parameter(nodes.get(0).operands().get(1));
            WeightFormat format = weight == null ? null : tensors.linearFormat(weight);
            if (format != null) {
                tensors.choose(parameters(nodes, 1), format);
            }
        }
    }

    static void emit(Node node, ScriptWriter out) {
        emit(List.of(node), Map.of(), out);
    }

    static void emit(List<Node> nodes, Map<Value, List<@Nullable Node>> users, ScriptWriter out) {
        if (nodes.isEmpty()) {
            return;
        }
        Node first = nodes.get(0);
        Parameter weight = ParameterArrays.parameter(first.operands().get(1));
        WeightFormat format = weight == null ? null : out.tensors().linearFormat(weight);
        if (format == null) {
            nodes.forEach(node -> plain(node, out));
            return;
        }
        List<Parameter> weights = parameters(nodes, 1);
        String bias =
                first.operands().get(2) == null
                        ? "None"
                        : out.tensors().joined(parameters(nodes, 2));
        Value x = first.operand(0, Value.class);
        String names =
                nodes.stream().map(node -> node.result().name()).collect(Collectors.joining(", "));
        String whole = nodes.size() == 1 ? names : out.temporary();
        product(whole, out.tensors().linear(weights, format), x, bias, weights, format, out);
        JointRotation rotation = JointRotation.of(nodes, users, out);
        if (rotation != null) {
            rotation.emit(whole, out);
            rest(nodes, weights, whole, out);
        } else if (nodes.size() > 1) {
            List<Long> sizes = weights.stream().map(w -> w.getShape().get(0)).toList();
            out.line(names + " = torch.split(" + whole + ", " + out.text(sizes) + ", -1)");
        }
        nodes.forEach(node -> out.name(node.result(), node.result().name()));
    }

    /** What is behind the queries and keys that were taken together. */
    private static void rest(
            List<Node> nodes, List<Parameter> weights, String whole, ScriptWriter out) {
        long from = weights.get(0).getShape().get(0) + weights.get(1).getShape().get(0);
        for (int i = 2; i < nodes.size(); i++) {
            long size = weights.get(i).getShape().get(0);
            out.line(
                    nodes.get(i).result().name()
                            + " = torch.narrow("
                            + whole
                            + ", -1, "
                            + from
                            + ", "
                            + size
                            + ")");
            from += size;
        }
    }

    private static List<Parameter> parameters(List<Node> nodes, int operand) {
        List<Parameter> parameters = new ArrayList<>();
        for (Node node : nodes) {
            parameters.add(node.operand(operand, Value.class).parameter());
        }
        return parameters;
    }

    private static void product(
            String name,
            ScriptTensors.Linear linear,
            Value x,
            String bias,
            List<Parameter> weights,
            WeightFormat format,
            ScriptWriter out) {
        boolean one = isOneRow(x);
        KernelChoice.Choice choice = linear.choice();
        LinearKernel few = choice.kernel(one ? RowClass.ONE : RowClass.FEW);
        LinearKernel many = one ? few : choice.kernel(RowClass.MANY);
        long in = weights.get(0).getShape().get(1);
        if (few == many) {
            long height = weights.stream().mapToLong(w -> w.getShape().get(0)).sum();
            int type = out.types().code(x.dataType());
            LinearKernel.Product product =
                    new LinearKernel.Product(type, one, x.rank(), height, in, format.group());
            String bare =
                    bias.equals("None") ? few.bare(out.text(x), linear.parts(), product) : null;
            out.line(name + " = " + (bare == null ? call(few, linear, x, bias, out) : bare));
            return;
        }
        String size = "torch.numel(" + out.text(x) + ") <= " + RowClass.MOST_OF_FEW * in;
        String text = call(few, linear, x, bias, out);
        String other = call(many, linear, x, bias, out);
        out.block("if " + size + ":", () -> out.line(name + " = " + text));
        out.block("else:", () -> out.line(name + " = " + other));
    }

    /** Whether it is a vector, in whatever shape. */
    static boolean isOneRow(Value x) {
        List<Dim> rows = x.dims().subList(0, x.rank() - 1);
        return rows.stream().allMatch(dim -> dim.isConstant() && dim.hint() == 1);
    }

    private static String call(
            LinearKernel kernel,
            ScriptTensors.Linear linear,
            Value x,
            String bias,
            ScriptWriter out) {
        String function = out.isSpare(x) ? kernel.functionOver() : kernel.function();
        out.uses(function);
        return kernel.call(out.tensors().function(function), out.text(x), linear.parts(), bias);
    }

    private static void plain(Node node, ScriptWriter out) {
        out.assign(
                node.result(),
                "torch.linear("
                        + out.text(node.operands().get(0))
                        + ", "
                        + out.text(node.operands().get(1))
                        + ", "
                        + out.text(node.operands().get(2))
                        + ")");
    }
}

package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How each primitive is printed. */
final class Emitters {

    private static final Map<String, Emitter> ALL = new TreeMap<>();

    static {
        ALL.put("add", Emitters::sum);
        ALL.put("scale", Emitters::product);
        ALL.put("scaleChannels", Emitters::product);
        ALL.put("addRows", expression("{0} + {1}"));
        ALL.put("linear", LinearEmitter::emit);
        ALL.put("embedding", Emitter.plain("embedding"));
        ALL.put("lastPosition", Emitter.plain("last_position"));
        ALL.put("argMax", expression("torch.argmax({0}, -1)"));
        ALL.put("pool", Emitter.plain("pool"));
        ALL.put("channel", expression("torch.select({0}, -1, {1})"));
        ALL.put("lowRank", expression("torch.linear(torch.linear({0}, {1}), {2}, {3})"));
        ALL.put("addLowRank", expression("{0} + torch.matmul({2}, {1}) * {3}"));
        ALL.put("perRowLength", Emitter.plain("per_row_length"));
        ALL.put("scaleRows", expression("{0} * torch.unsqueeze({1}, -1)"));
        ALL.put("rowLengths", Emitter.plain("row_lengths"));
        NormEmitters.register(ALL);
        ActivationEmitters.register(ALL);
        PositionEmitters.register(ALL);
        AttentionEmitters.register(ALL);
        RowEmitters.register(ALL);
        RoutingEmitters.register(ALL);
        CacheEmitters.register(ALL);
    }

    private Emitters() {}

    static Set<String> operations() {
        return Collections.unmodifiableSet(ALL.keySet());
    }

    static void emit(Graph graph, ScriptWriter out) {
        Map<Node, List<Node>> linears = LinearEmitter.together(graph, out.tensors());
        Map<Value, List<@Nullable Node>> users = JointRotation.users(graph);
        if (out.tensors().isOfThisProcessor()) {
            out.spare(SpareValues.of(graph, linears));
        }
        for (Node node : graph.nodes()) {
            if (out.isDone(node)) {
                continue;
            }
            List<Node> together = linears.get(node);
            if (together != null) {
                LinearEmitter.emit(together, users, out);
                continue;
            }
            Emitter emitter = ALL.get(node.operation());
            if (emitter == null) {
                throw new UnsupportedOperationException(
                        node.operation() + " cannot be printed as TorchScript");
            }
            emitter.emit(node, out);
        }
    }

    private static void sum(Node node, ScriptWriter out) {
        Value x = node.operand(0, Value.class);
        double alpha = node.operand(1, Double.class);
        Value r = node.operand(2, Value.class);
        boolean same = x.dataType() == r.dataType();
        if (same && out.isSpare(r)) {
            String factor = alpha == 1 ? ")" : ", alpha=" + out.text(alpha) + ")";
            out.assign(node.result(), "torch.add_(" + out.text(r) + ", " + out.text(x) + factor);
        } else if (same && alpha == 1 && out.isSpare(x)) {
            out.assign(node.result(), "torch.add_(" + out.text(x) + ", " + out.text(r) + ")");
        } else {
            out.assign(node.result(), out.call("add", x, alpha, r));
        }
    }

    /** An expression of operands, named by their index in braces. */
    static Emitter expression(String pattern) {
        return (node, out) -> {
            String text = pattern;
            for (int i = 0; i < node.operands().size(); i++) {
                text = text.replace("{" + i + "}", out.text(node.operands().get(i)));
            }
            out.assign(node.result(), text);
        };
    }

    private static void product(Node node, ScriptWriter out) {
        List<?> operands = node.operands();
        out.assign(node.result(), out.text(operands.get(0)) + " * " + out.text(operands.get(1)));
    }
}

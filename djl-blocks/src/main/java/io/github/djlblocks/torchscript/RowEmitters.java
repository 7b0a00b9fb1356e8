package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import java.util.List;
import java.util.Map;

/**
 * Prints what lies otherwise in memory, or comes behind something else there. One token at a time
 * needs fewer calls for that, and each call takes longer than what it does.
 */
final class RowEmitters {

    private static final int TIME = 2;

    private RowEmitters() {}

    static void register(Map<String, Emitter> all) {
        all.put("splitHeads", RowEmitters::splitHeads);
        all.put("mergeHeads", RowEmitters::mergeHeads);
        all.put("appendInPlace", RowEmitters::append);
        all.put("appendRowsInPlace", Emitter.plain("append_rows_in_place"));
        all.put("cacheContent", Emitter.plain("cache_content"));
    }

    /** Whether arrays (batch, heads, time, width) and (batch, time, heads x width) lie alike. */
    private static boolean isOneToken(Value heads) {
        return heads.dims().get(TIME) == Dim.ONE
                && heads.dims().stream().skip(1).allMatch(Dim::isConstant);
    }

    private static void splitHeads(Node node, ScriptWriter out) {
        Value result = node.result();
        if (isOneToken(result)) {
            reshaped(node, result.dims(), out);
        } else {
            out.assign(result, out.call("split_heads", node.operands().toArray()));
        }
    }

    private static void mergeHeads(Node node, ScriptWriter out) {
        if (isOneToken(node.operand(0, Value.class))) {
            reshaped(node, node.result().dims(), out);
        } else {
            out.assign(node.result(), out.call("merge_heads", node.operands().toArray()));
        }
    }

    private static void reshaped(Node node, List<Dim> dims, ScriptWriter out) {
        String x = out.text(node.operands().get(0));
        out.assign(node.result(), "torch.reshape(" + x + ", " + out.text(dims) + ")");
    }

    private static void append(Node node, ScriptWriter out) {
        Value buffer = node.operand(0, Value.class);
        Value next = node.operand(1, Value.class);
        Value from = node.operand(2, Value.class);
        Value at = node.operand(3, Value.class);
        if (next.dims().get(TIME) != Dim.ONE || !out.tensors().isOfThisProcessor()) {
            out.assign(node.result(), out.call("append_in_place", node.operands().toArray()));
            return;
        }
        String room = out.text(buffer);
        if (out.types().converts(next.dataType())) {
            String given = room;
            room = out.temporary();
            String none = "torch.empty([0], dtype=" + out.text(next.dataType()) + ")";
            out.line(room + " = torch.set_(" + none + ", " + given + ")");
        }
        String start = out.text(from);
        String last = out.text(at);
        String held =
                out.remember(List.of("tokens held", from, at), () -> last + " + 1 - " + start);
        out.line(
                "%s = torch.copy_(torch.narrow(%s, 2, %s, 1), %s)"
                        .formatted(out.temporary(), room, last, out.text(next)));
        out.assign(node.result(), "torch.narrow(" + room + ", 2, " + start + ", " + held + ")");
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.RotaryLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Queries and keys that one product gives lie next to each other, and are turned by the same table:
 * their heads are turned together, which halves the calls of small kernels in every layer.
 */
final class JointRotation {

    private final Node queryHeads;
    private final Node keyHeads;
    private final Node queryRotate;
    private final Node keyRotate;

    private JointRotation(Node queryHeads, Node keyHeads, Node queryRotate, Node keyRotate) {
        this.queryHeads = queryHeads;
        this.keyHeads = keyHeads;
        this.queryRotate = queryRotate;
        this.keyRotate = keyRotate;
    }

    /** Which nodes use each value, with null for an output of the graph. */
    static Map<Value, List<@Nullable Node>> users(Graph graph) {
        Map<Value, List<@Nullable Node>> users = new HashMap<>();
        for (Node node : graph.nodes()) {
            for (Object operand : node.operands()) {
                if (operand instanceof Value value) {
                    users.computeIfAbsent(value, made -> new ArrayList<>()).add(node);
                }
            }
        }
        for (Value output : graph.outputs()) {
            users.computeIfAbsent(output, made -> new ArrayList<>()).add(null);
        }
        return users;
    }

    /** The rotation of the first two of several maps of one input, or null if there is none. */
    static @Nullable JointRotation of(
            List<Node> together, Map<Value, List<@Nullable Node>> users, ScriptWriter out) {
        if (together.size() < 2) {
            return null;
        }
        Node queryHeads = only(together.get(0), "splitHeads", users);
        Node keyHeads = only(together.get(1), "splitHeads", users);
        Node queryRotate = queryHeads == null ? null : only(queryHeads, "rotate", users);
        Node keyRotate = keyHeads == null ? null : only(keyHeads, "rotate", users);
        if (queryHeads == null || keyHeads == null || queryRotate == null || keyRotate == null) {
            return null;
        }
        boolean sameTable =
                queryRotate.operands().subList(1, 4).equals(keyRotate.operands().subList(1, 4));
        boolean sameHeads = extent(queryHeads, 3) == extent(keyHeads, 3);
        boolean known =
                out.isNamed(queryRotate.operand(1, Value.class))
                        && out.isNamed(queryRotate.operand(2, Value.class));
        return sameTable && sameHeads && known
                ? new JointRotation(queryHeads, keyHeads, queryRotate, keyRotate)
                : null;
    }

    /** The only user of a node's only result, if it is this operation. */
    private static @Nullable Node only(
            Node node, String operation, Map<Value, List<@Nullable Node>> users) {
        List<@Nullable Node> all = users.getOrDefault(node.result(), List.of());
        Node user = all.size() == 1 ? all.get(0) : null;
        return user != null && user.operation().equals(operation) ? user : null;
    }

    private static long extent(Node node, int axis) {
        return extent(node.result(), axis);
    }

    private static long extent(Value value, int axis) {
        return value.dims().get(axis).hint();
    }

    /** Prints it, given what the product of all maps is called. */
    void emit(String whole, ScriptWriter out) {
        long queries = extent(queryHeads, 1);
        long keys = extent(keyHeads, 1);
        long heads = queries + keys;
        String turned = out.temporary();
        out.line(
                turned
                        + " = "
                        + (isOneToken(out) ? row(whole, heads, out) : heads(whole, heads, out)));
        out.line(
                queryRotate.result().name()
                        + ", "
                        + keyRotate.result().name()
                        + " = torch.split("
                        + turned
                        + ", ["
                        + queries
                        + ", "
                        + keys
                        + "], 1)");
        for (Node node : List.of(queryRotate, keyRotate)) {
            out.name(node.result(), node.result().name());
        }
        List.of(queryHeads, keyHeads, queryRotate, keyRotate).forEach(out::done);
    }

    /** Whether all channels of one token turn, in the memory of the product. */
    private boolean isOneToken(ScriptWriter out) {
        Value cos = queryRotate.operand(1, Value.class);
        return out.tensors().isOfThisProcessor()
                && LinearEmitter.isOneRow(cos)
                && queryHeads.result().dims().get(0) == Dim.ONE
                && extent(cos, cos.rank() - 1) == extent(queryHeads, 3);
    }

    private String heads(String whole, long heads, ScriptWriter out) {
        return out.call(
                "rotate_heads",
                ScriptWriter.code(whole),
                queryRotate.operands().get(1),
                queryRotate.operands().get(2),
                isHalfSplit(),
                heads,
                extent(queryHeads, 3));
    }

    /** The tables are repeated for all heads once for all layers. */
    private String row(String whole, long heads, ScriptWriter out) {
        long width = extent(queryHeads, 3);
        double[] places = partners(Math.toIntExact(heads), Math.toIntExact(width), isHalfSplit());
        List<Long> shape = List.of(1L, 1L, (long) places.length);
        return out.call(
                "rotate_row",
                ScriptWriter.code(whole),
                forEachHead(queryRotate.operands().get(1), heads, out),
                forEachHead(queryRotate.operands().get(2), heads, out),
                ScriptWriter.code(out.numbers(DataType.INT64, shape, places)),
                heads,
                width);
    }

    private boolean isHalfSplit() {
        return queryRotate.operand(3, RotaryLayout.class) == RotaryLayout.HALF_SPLIT;
    }

    /** Where in a row of heads the channel lies that each channel turns with. */
    private static double[] partners(int heads, int width, boolean halfSplit) {
        double[] places = new double[heads * width];
        for (int i = 0; i < places.length; i++) {
            int channel = i % width;
            int partner = halfSplit ? (channel + width / 2) % width : channel ^ 1;
            places[i] = i - channel + partner;
        }
        return places;
    }

    private static ScriptWriter.Code forEachHead(
            @Nullable Object table, long heads, ScriptWriter out) {
        return ScriptWriter.code(
                out.remember(
                        Arrays.asList("for each head", table, heads),
                        () -> out.call("for_each_head", table, heads)));
    }
}

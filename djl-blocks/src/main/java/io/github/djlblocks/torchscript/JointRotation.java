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
        String turned = out.temporary();
        if (isOneToken(out)) {
            oneToken(turned, whole, queries + keys, out);
        } else {
            out.line(
                    turned
                            + " = "
                            + out.call(
                                    "rotate_heads",
                                    ScriptWriter.code(whole),
                                    queryRotate.operands().get(1),
                                    queryRotate.operands().get(2),
                                    queryRotate.operand(3, RotaryLayout.class)
                                            == RotaryLayout.HALF_SPLIT,
                                    queries + keys,
                                    extent(queryHeads, 3)));
        }
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

    /**
     * {@code x cos + partners(x) sin} of all heads in one row: the tables are repeated once for all
     * layers, and partners are taken by their places.
     */
    private void oneToken(String turned, String whole, long heads, ScriptWriter out) {
        int width = Math.toIntExact(extent(queryHeads, 3));
        boolean halves = queryRotate.operand(3, RotaryLayout.class) == RotaryLayout.HALF_SPLIT;
        double[] partners = new double[Math.toIntExact(heads) * width];
        for (int i = 0; i < partners.length; i++) {
            int first = i - i % width;
            partners[i] = halves ? first + (i % width + width / 2) % width : i ^ 1;
        }
        String places =
                out.numbers(DataType.INT64, List.of(1L, 1L, (long) partners.length), partners);
        String cos = repeated(queryRotate.operands().get(1), heads, out);
        String sin = repeated(queryRotate.operands().get(2), heads, out);
        String rows = out.temporary();
        out.line(rows + " = torch.narrow(" + whole + ", -1, 0, " + partners.length + ")");
        String sum =
                "torch.addcmul_(torch.mul(%s, %s), torch.take(%s, %s), %s)"
                        .formatted(rows, cos, rows, places, sin);
        Value query = queryRotate.result();
        out.line(
                "%s = torch.view(torch.to(%s, %s), [1, %d, 1, %d])"
                        .formatted(turned, sum, out.text(query.dataType()), heads, width));
    }

    private static String repeated(@Nullable Object table, long heads, ScriptWriter out) {
        return out.remember(
                Arrays.asList("repeated", table, heads),
                () ->
                        "torch.flatten(torch.repeat("
                                + out.text(table)
                                + ", [1, 1, 1, "
                                + heads
                                + "]), 1, 2)");
    }
}

package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.RoutingSpec;
import java.util.List;
import java.util.Map;

/** Prints mixtures of experts: every expert behind a condition, run on its tokens alone. */
final class RoutingEmitters {

    private RoutingEmitters() {}

    static void register(Map<String, Emitter> all) {
        all.put("route", RoutingEmitters::route);
        all.put("mixture", RoutingEmitters::mixture);
        all.put("addShared", Emitter.plain("add_shared"));
    }

    private static void route(Node node, ScriptWriter out) {
        RoutingSpec spec = node.operand(2, RoutingSpec.class);
        out.assign(
                node.results(),
                out.call(
                        "route",
                        node.operands().get(0),
                        node.operands().get(1),
                        spec.expertsPerToken(),
                        spec.score(),
                        spec.normalize(),
                        spec.scale(),
                        spec.groups(),
                        spec.groupsChosen(),
                        spec.groupScore()));
    }

    private static void mixture(Node node, ScriptWriter out) {
        Value x = node.operand(0, Value.class);
        String weights = out.text(node.operands().get(1));
        String chosen = out.text(node.operands().get(2));
        List<?> bodies = node.operand(3, List.class);
        Dim channels = x.dims().get(x.rank() - 1);
        String rows = out.temporary();
        String sum = out.temporary();
        String counts = out.temporary();
        out.line(rows + " = torch.reshape(" + out.text(x) + ", [-1, " + out.text(channels) + "])");
        out.line(
                sum
                        + " = torch.zeros(torch.size("
                        + rows
                        + "), dtype="
                        + weights
                        + ".dtype, device="
                        + rows
                        + ".device)");
        out.line(
                counts
                        + " = annotate(List[int], torch.bincount(torch.reshape("
                        + chosen
                        + ", [-1]), None, "
                        + bodies.size()
                        + ").tolist())");
        for (int expert = 0; expert < bodies.size(); expert++) {
            Graph body = (Graph) bodies.get(expert);
            int number = expert;
            out.block(
                    "if " + counts + "[" + expert + "] > 0:",
                    () -> expert(body, number, rows, sum, weights, chosen, out));
        }
        out.assign(
                node.result(),
                "torch.to(torch.reshape("
                        + sum
                        + ", torch.size("
                        + out.text(x)
                        + ")), "
                        + out.text(x)
                        + ".dtype)");
    }

    private static void expert(
            Graph body,
            int number,
            String rows,
            String sum,
            String weights,
            String chosen,
            ScriptWriter out) {
        String hits = out.temporary();
        String tokens = out.temporary();
        out.line(hits + " = torch.nonzero(" + chosen + " == " + number + ")");
        out.line(tokens + " = torch.select(" + hits + ", 1, 0)");
        Value input = body.inputs().get(0);
        out.assign(input, "torch.index_select(" + rows + ", 0, " + tokens + ")");
        Emitters.emit(body, out);
        String share = weights + "[" + tokens + ", torch.select(" + hits + ", 1, 1)]";
        String output = out.text(body.outputs().get(0));
        out.line(
                out.temporary()
                        + " = torch.index_add_("
                        + sum
                        + ", 0, "
                        + tokens
                        + ", torch.to("
                        + output
                        + ", "
                        + weights
                        + ".dtype) * torch.unsqueeze("
                        + share
                        + ", 1))");
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.AttentionSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Prints heads, masks, caches and attention. */
final class AttentionEmitters {

    private AttentionEmitters() {}

    static void register(Map<String, Emitter> all) {
        all.put("splitFusedHeads", Emitter.plain("split_fused_heads"));
        all.put("splitChannels", AttentionEmitters::splitChannels);
        all.put("joinChannels", Emitter.plain("join_channels"));
        all.put("headLinear", Emitters.expression("torch.matmul({0}, {1})"));
        all.put("splitHeadRows", AttentionEmitters::splitHeadRows);
        all.put("transposeLast", Emitters.expression("torch.transpose({0}, -1, -2)"));
        all.put("paddingMask", Emitter.plain("padding_mask"));
        all.put("pastMask", Emitter.plain("past_mask"));
        all.put(
                "offsets",
                (node, out) -> out.name(node.result(), out.text(node.operands().get(1))));
        all.put("heldColumns", AttentionEmitters::heldColumns);
        all.put("segmentMask", Emitter.plain("segment_mask"));
        all.put("bothMasks", Emitters.expression("torch.logical_and({0}, {1})"));
        all.put("attention", AttentionEmitters::attention);
        all.put("appendTime", Emitters.expression("torch.cat([{0}, {1}], 2)"));
    }

    private static void splitChannels(Node node, ScriptWriter out) {
        String names = node.results().stream().map(Value::name).collect(Collectors.joining(", "));
        List<?> sizes = node.operand(1, List.class);
        String x = out.text(node.operands().get(0));
        if (sizes.size() == 1) {
            out.assign(node.result(), x);
            return;
        }
        out.line(names + " = torch.split(" + x + ", " + out.text(sizes) + ", -1)");
        node.results().forEach(value -> out.name(value, value.name()));
    }

    private static void heldColumns(Node node, ScriptWriter out) {
        out.assign(
                node.result(),
                out.call(
                        "held_columns",
                        node.operands().get(0),
                        node.operands().get(1),
                        PositionEmitters.number(node.operand(2, Object.class)),
                        node.operands().get(3),
                        node.operands().get(4)));
    }

    private static void splitHeadRows(Node node, ScriptWriter out) {
        String names = node.results().stream().map(Value::name).collect(Collectors.joining(", "));
        int first = node.operand(2, Integer.class);
        int second = node.operand(3, Integer.class);
        String matrices =
                "torch.unflatten("
                        + out.text(node.operands().get(0))
                        + ", 0, ["
                        + node.operands().get(1)
                        + ", "
                        + (first + second)
                        + "])";
        out.line(names + " = torch.split(" + matrices + ", [" + first + ", " + second + "], 1)");
        node.results().forEach(value -> out.name(value, value.name()));
    }

    /**
     * The engine's own attention where it has all that is asked for, else step by step. What is
     * added to the scores is the same in all layers that ask for the same, and is computed once.
     */
    private static void attention(Node node, ScriptWriter out) {
        Value q = node.operand(0, Value.class);
        Value k = node.operand(1, Value.class);
        AttentionSpec spec = node.operand(7, AttentionSpec.class);
        Object sinks = node.operands().get(5);
        boolean fast =
                spec.softcap() == 0
                        && sinks == null
                        && spec.returned() == null
                        && q.dataType() != DataType.FLOAT16;
        boolean byRow = node.operands().get(6) != null;
        boolean unmasked =
                spec.left() < 0
                        && spec.right() < 0
                        && spec.offset() == null
                        && !byRow
                        && node.operands().get(3) == null
                        && node.operands().get(4) == null;
        boolean onlyCausal = spec.causal() && unmasked;
        String masks = masks(node, q, k, spec, onlyCausal && fast, out);
        String mask = masks + "_mask";
        String seen = masks + "_seen";
        if (fast) {
            out.assign(
                    node.result(),
                    out.call(
                            function(q, k, onlyCausal, !unmasked, out),
                            q,
                            k,
                            node.operands().get(2),
                            ScriptWriter.code(mask),
                            ScriptWriter.code(seen),
                            onlyCausal,
                            spec.scale()));
            return;
        }
        String returned = spec.returned() == null ? "NONE" : spec.returned().name();
        List<Value> results = node.results();
        String second = results.size() > 1 ? results.get(1).name() : out.temporary();
        out.line(
                results.get(0).name()
                        + ", "
                        + second
                        + " = "
                        + out.call(
                                "attend_stepwise",
                                q,
                                k,
                                node.operands().get(2),
                                ScriptWriter.code(mask),
                                ScriptWriter.code(seen),
                                sinks,
                                spec.scale(),
                                spec.softcap(),
                                returned));
        results.forEach(value -> out.name(value, value.name()));
    }

    /** What is fastest for several queries on this processor; one is the engine's. */
    private static String function(
            Value q, Value k, boolean causal, boolean masked, ScriptWriter out) {
        boolean one = q.dims().get(2).isConstant() && q.dims().get(2).hint() == 1;
        boolean chosen =
                !one && q.dataType() == DataType.FLOAT32 && out.tensors().isOfThisProcessor();
        if (!chosen) {
            return "attend";
        }
        return AttentionChoice.function(
                new AttentionChoice.Kind(
                        out.types(),
                        causal,
                        masked,
                        q.dims().get(1).hint(),
                        k.dims().get(1).hint(),
                        q.dims().get(3).hint()));
    }

    /**
     * The type of what is added to scores of a type. To those of bfloat16 it is added in float32,
     * but on a GPU, whose attention takes masks of the type of queries alone.
     */
    static ScriptWriter.Code added(DataType type, ScriptWriter out) {
        boolean widened = out.types().converts(type) && out.tensors().isOfThisProcessor();
        int code = widened ? ScriptTypes.plain(DataType.FLOAT32) : out.types().code(type);
        return ScriptWriter.code(Integer.toString(code));
    }

    /** The name of the pair of masks; what the engine does itself when causal needs none. */
    private static String masks(
            Node node, Value q, Value k, AttentionSpec spec, boolean left, ScriptWriter out) {
        Object s = q.dims().get(2);
        Object t = k.dims().get(2);
        List<@Nullable Object> given =
                Arrays.asList(
                        node.operands().get(3),
                        node.operands().get(4),
                        node.operands().get(6),
                        spec.offset());
        DataType type = q.dataType() == DataType.FLOAT16 ? DataType.FLOAT32 : q.dataType();
        List<@Nullable Object> asked = new ArrayList<>(given);
        asked.addAll(Arrays.asList(spec.causal(), spec.left(), spec.right(), spec.prefix(), type));
        asked.add(added(type, out));
        List<Object> key = List.of("masks", s, t, asked, left);
        return out.rememberAs(
                key,
                name -> {
                    List<@Nullable Object> arguments = new ArrayList<>();
                    arguments.add(ScriptWriter.code(out.text(s) + ", " + out.text(t)));
                    arguments.add(q);
                    arguments.addAll(asked);
                    String computed = out.call("score_mask", arguments.toArray());
                    boolean usual = given.stream().allMatch(Objects::isNull);
                    if (left) {
                        // Squares are left to the engine.
                        out.line(name + "_mask = annotate(Optional[Tensor], None)");
                        out.block(
                                "if " + out.text(s) + " != " + out.text(t) + ":",
                                () -> out.line(name + "_mask = " + computed));
                    } else {
                        out.line(name + "_mask = " + computed);
                    }
                    String always = usual ? out.text(s) + " <= " + out.text(t) : "False";
                    out.line(
                            name
                                    + "_seen = "
                                    + out.call(
                                            "looks",
                                            ScriptWriter.code(name + "_mask"),
                                            ScriptWriter.code(always)));
                });
    }
}

package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.RotaryDecay;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotaryRates;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.kernel.SinusoidSpec;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Prints positions. */
final class PositionEmitters {

    private PositionEmitters() {}

    static void register(Map<String, Emitter> all) {
        all.put("positions", PositionEmitters::positions);
        all.put("keyPositions", PositionEmitters::keyPositions);
        all.put(
                "zeroIndices",
                Emitters.expression(
                        "torch.zeros([1, torch.size({0}, 1)], dtype=4, device={0}.device)"));
        all.put("tokenMask", Emitters.expression("torch.to({0} != {1}, 4)"));
        all.put("tokenPositions", Emitter.plain("token_positions"));
        all.put("tableRows", Emitter.plain("table_rows"));
        all.put("sinusoids", PositionEmitters::sinusoids);
        all.put("rotaryTable", PositionEmitters::rotaryTable);
        all.put("rotate", PositionEmitters::rotate);
        all.put("linearBias", PositionEmitters::linearBias);
        all.put("bucketBias", Emitter.plain("bucket_bias"));
    }

    private static boolean isOfRows(Object past) {
        return past instanceof Value value && value.kind() == Value.Kind.INPUT;
    }

    /** A past that was known when the graph was recorded: nothing, in all our blocks. */
    static Object number(Object past) {
        return past instanceof List<?> known ? known.get(0) : past;
    }

    /** Distances of thousands have more digits than bfloat16. */
    private static void linearBias(Node node, ScriptWriter out) {
        List<@Nullable Object> operands = node.operands();
        out.assign(
                node.result(),
                out.call(
                        "linear_bias",
                        operands.get(0),
                        operands.get(1),
                        operands.get(2),
                        operands.get(3),
                        AttentionEmitters.added(node.operand(4, DataType.class), out)));
    }

    private static void positions(Node node, ScriptWriter out) {
        Object past = node.operand(2, Object.class);
        requireNumber(past);
        out.assign(
                node.result(),
                out.call(
                        isOfRows(past) ? "positions_of_rows" : "positions",
                        node.operands().get(0),
                        node.operands().get(1),
                        number(past)));
    }

    private static void keyPositions(Node node, ScriptWriter out) {
        Object past = node.operand(2, Object.class);
        requireNumber(past);
        if (isOfRows(past)) {
            out.assign(
                    node.result(),
                    out.call(
                            "key_positions_of_rows",
                            node.operands().get(0),
                            node.operands().get(1),
                            past));
            return;
        }
        String x = out.text(node.operands().get(0));
        String length = "torch.size(" + x + ", " + node.operands().get(1) + ")";
        out.assign(
                node.result(),
                "torch.arange("
                        + out.text(number(past))
                        + " + "
                        + length
                        + ", dtype=4, device="
                        + x
                        + ".device).unsqueeze(0)");
    }

    private static void requireNumber(Object past) {
        if (past instanceof List<?> known && known.size() > 1) {
            throw new UnsupportedOperationException(
                    "the past " + known + " of one call cannot be printed");
        }
    }

    private static void sinusoids(Node node, ScriptWriter out) {
        SinusoidSpec spec = node.operand(2, SinusoidSpec.class);
        out.assign(
                node.result(),
                out.call(
                        "sinusoids",
                        node.operands().get(0),
                        node.operands().get(1),
                        spec.offset(),
                        spec.paddingPosition(),
                        spec.layout() == SinusoidSpec.Layout.HALVES,
                        node.operands().get(3)));
    }

    private static void rotaryTable(Node node, ScriptWriter out) {
        Value positions = node.operand(0, Value.class);
        RotarySpec spec = node.operand(1, RotarySpec.class);
        DataType type = node.operand(2, DataType.class);
        boolean halfSplit = spec.layout() == RotaryLayout.HALF_SPLIT;
        String rates = rates(positions, spec, out);
        RotaryDecay decay = spec.decay();
        if (decay != null) {
            double[] bases = new double[spec.rates().pairs()];
            for (int i = 0; i < bases.length; i++) {
                bases[i] = ((double) i / bases.length + decay.gamma()) / (1 + decay.gamma());
            }
            out.assign(
                    node.results(),
                    out.call(
                            "decayed_rotary_table",
                            positions,
                            ScriptWriter.code(rates),
                            spec.attentionFactor(),
                            halfSplit,
                            ScriptTypes.plain(type),
                            ScriptWriter.code(vector(out, bases)),
                            decay.base(),
                            decay.centre()));
            return;
        }
        boolean several = positions.rank() == 3 && !spec.axes().isEmpty();
        String axes =
                several
                        ? out.numbers(
                                DataType.INT64,
                                List.of((long) spec.axes().size()),
                                spec.axes().stream().mapToDouble(Integer::doubleValue).toArray())
                        : "None";
        out.assign(
                node.results(),
                out.call(
                        "rotary_table",
                        positions,
                        ScriptWriter.code(rates),
                        ScriptWriter.code(axes),
                        spec.attentionFactor(),
                        halfSplit,
                        ScriptTypes.plain(type)));
    }

    private static String vector(ScriptWriter out, double... values) {
        return out.numbers(DataType.FLOAT64, List.of((long) values.length), values);
    }

    private static String rates(Value positions, RotarySpec spec, ScriptWriter out) {
        RotaryRates rates = spec.rates();
        if (rates instanceof RotaryRates.DynamicNtk dynamic) {
            double[] exponents = new double[dynamic.pairs()];
            for (int i = 0; i < exponents.length; i++) {
                exponents[i] = -2.0 * i / dynamic.rotaryDim();
            }
            return out.call(
                    "dynamic_rates",
                    positions,
                    ScriptWriter.code(vector(out, exponents)),
                    dynamic.theta(),
                    dynamic.rotaryDim(),
                    dynamic.factor(),
                    dynamic.trainedLength());
        }
        if (rates instanceof RotaryRates.Switched switched) {
            return out.call(
                    "switched_rates",
                    positions,
                    ScriptWriter.code(vector(out, switched.at(switched.length()))),
                    ScriptWriter.code(vector(out, switched.at(switched.length() + 1))),
                    switched.length());
        }
        return vector(out, rates.at(1));
    }

    private static void rotate(Node node, ScriptWriter out) {
        boolean halfSplit = node.operand(3, RotaryLayout.class) == RotaryLayout.HALF_SPLIT;
        out.assign(
                node.result(),
                out.call(
                        "rotate",
                        node.operands().get(0),
                        node.operands().get(1),
                        node.operands().get(2),
                        halfSplit));
    }
}

package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.ActivationKind;
import io.github.djlblocks.kernel.GateSpec;
import java.util.Map;

/** Prints activations. */
final class ActivationEmitters {

    private ActivationEmitters() {}

    static void register(Map<String, Emitter> all) {
        all.put("activation", ActivationEmitters::activation);
        all.put("gatedActivation", ActivationEmitters::gated);
        all.put("fusedGatedActivation", (node, out) -> gated("fused_gated_activation", node, out));
        all.put("parametricRelu", Emitter.plain("parametric_relu"));
        all.put("swish", Emitter.plain("swish"));
        all.put("softmax", Emitters.expression("torch.softmax({0}, {1})"));
        all.put("logSoftmax", Emitters.expression("torch.log_softmax({0}, {1})"));
    }

    private static void activation(Node node, ScriptWriter out) {
        ActivationFunction function = node.operand(1, ActivationFunction.class);
        Value x = node.operand(0, Value.class);
        out.assign(node.result(), over(x, function, out));
    }

    /** An activation, over x where nobody else wants it. */
    private static String over(Value x, ActivationFunction function, ScriptWriter out) {
        return out.call(
                out.isSpare(x) ? "activation_over" : "activation",
                x,
                kind(function),
                function.alpha(),
                beta(function));
    }

    /** A gate that nobody else wants is written over before the product is. */
    private static void gated(Node node, ScriptWriter out) {
        Value gate = node.operand(0, Value.class);
        GateSpec spec = node.operand(2, GateSpec.class);
        boolean bare = !spec.isLimited() && spec.upOffset() == 0;
        if (bare && overwrites(spec, out) && out.isSpare(gate)) {
            String curve = over(gate, spec.function(), out);
            String up = out.text(node.operands().get(1));
            out.assign(node.result(), "torch.mul_(" + curve + ", " + up + ")");
        } else {
            gated("gated_activation", node, out);
        }
    }

    private static void gated(String function, Node node, ScriptWriter out) {
        GateSpec spec = node.operand(2, GateSpec.class);
        ActivationFunction activation = spec.function();
        out.assign(
                node.result(),
                out.call(
                        function,
                        node.operands().get(0),
                        node.operands().get(1),
                        kind(activation),
                        activation.alpha(),
                        beta(activation),
                        spec.isLimited() ? spec.limit() : null,
                        spec.upOffset(),
                        overwrites(spec, out)));
    }

    /** Whether the curve lies in memory of its own, which the product may go over. */
    private static boolean overwrites(GateSpec spec, ScriptWriter out) {
        return out.tensors().isOfThisProcessor()
                && spec.function().kind() != ActivationKind.IDENTITY;
    }

    /** A softplus that becomes the identity somewhere is another function of the library. */
    private static String kind(ActivationFunction function) {
        boolean bounded =
                function.kind() == ActivationKind.SOFTPLUS && !Double.isInfinite(function.beta());
        return bounded ? "SOFTPLUS_TO" : function.kind().name();
    }

    private static double beta(ActivationFunction function) {
        return Double.isInfinite(function.beta()) ? 0 : function.beta();
    }
}
